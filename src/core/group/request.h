#pragma once
// What the coordinator of one partition of `__consumer_offsets` is asked, and how it answers: the
// protocol's own structs, error codes included. What the edge has done before:
// - who may do it was checked, and topics that a client may not see are left out;
// - a request about groups of several coordinators was split (OffsetFetch, DescribeGroups,
//   ListGroups, DeleteGroups, ConsumerGroupDescribe), so all groups here are of this partition;
// - topics have their name and, where the topic is known, their id, whatever the version of the
//   request; answers have both too, and encoding drops what the version doesn't carry.
#include <cstdint>
#include <variant>

#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/codec/consumer_group_describe.h"
#include "core/codec/consumer_group_heartbeat.h"
#include "core/codec/delete_groups.h"
#include "core/codec/describe_groups.h"
#include "core/codec/heartbeat.h"
#include "core/codec/join_group.h"
#include "core/codec/leave_group.h"
#include "core/codec/list_groups.h"
#include "core/codec/offset_commit.h"
#include "core/codec/offset_delete.h"
#include "core/codec/offset_fetch.h"
#include "core/codec/share_group_describe.h"
#include "core/codec/share_group_heartbeat.h"
#include "core/codec/streams_group_describe.h"
#include "core/codec/streams_group_heartbeat.h"
#include "core/codec/sync_group.h"
#include "core/codec/txn_offset_commit.h"
#include "core/group/emitted.h"
#include "core/group/share_plan.h"

namespace weir::group {

using request = std::variant<
    kafka::join_group_request, kafka::sync_group_request, kafka::heartbeat_request,
    kafka::leave_group_request, kafka::offset_commit_request, kafka::offset_fetch_request,
    kafka::txn_offset_commit_request, kafka::describe_groups_request, kafka::list_groups_request,
    kafka::delete_groups_request, kafka::offset_delete_request,
    kafka::consumer_group_heartbeat_request, kafka::consumer_group_describe_request,
    kafka::share_group_heartbeat_request, kafka::share_group_describe_request, share_plan_request,
    kafka::streams_group_heartbeat_request, kafka::streams_group_describe_request>;

using answer = std::variant<
    kafka::join_group_response, kafka::sync_group_response, kafka::heartbeat_response,
    kafka::leave_group_response, kafka::offset_commit_response, kafka::offset_fetch_response,
    kafka::txn_offset_commit_response, kafka::describe_groups_response, kafka::list_groups_response,
    kafka::delete_groups_response, kafka::offset_delete_response,
    kafka::consumer_group_heartbeat_response, kafka::consumer_group_describe_response,
    kafka::share_group_heartbeat_response, kafka::share_group_describe_response, share_plan,
    kafka::streams_group_heartbeat_response, kafka::streams_group_describe_response>;

struct request_context {
  std::int16_t api_version = 0;
  group::ticket ticket = 0;
  moment now;
  text client_id;    // of the request's header; empty for null
  text client_host;  // as Kafka shows it: "/192.0.2.1"
  uuid fresh;        // random, another one for each request: a new member's id is made of it
};

// The answer that says `why` in every place where this request's answer has an error: what clients
// hear from a partition that is loading (COORDINATOR_LOAD_IN_PROGRESS), or led by somebody else by
// now (NOT_COORDINATOR). Of ListGroups and others about many groups, too.
answer refusal(const request& r, std::int16_t api_version, kafka::error_code why);

}  // namespace weir::group
