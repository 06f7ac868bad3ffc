#pragma once
// What a coordinator is made of, and its part of each request. Inside of this room only.
//
// The groups answer for their members, the store for offsets; what needs both is here: who may
// commit, what expires, what goes with a group.
#include <optional>
#include <string>
#include <string_view>

#include "core/group/classic_groups.h"
#include "core/group/consumer_groups.h"
#include "core/group/coordinator.h"
#include "core/group/offset_store.h"
#include "core/group/output.h"
#include "core/group/share_groups.h"
#include "core/group/streams_groups.h"

namespace weir::group {

struct coordinator::parts {
  parts(const group_settings& s, const topic_view& t, const defects& b)
      : settings(s), topics(t), broken(b) {}

  // coordinator_consumers.cc
  void on(const kafka::join_group_request& r, const request_context& c, output& out);
  void on(const kafka::sync_group_request& r, const request_context& c, output& out);
  void on(const kafka::heartbeat_request& r, const request_context& c, output& out);
  void on(const kafka::leave_group_request& r, const request_context& c, output& out);
  void on(const kafka::consumer_group_heartbeat_request& r, const request_context& c, output& out);
  void on(const kafka::consumer_group_describe_request& r, const request_context& c, output& out);
  // coordinator_shares.cc
  void on(const kafka::share_group_heartbeat_request& r, const request_context& c, output& out);
  void on(const kafka::share_group_describe_request& r, const request_context& c, output& out);
  void on(const share_plan_request& r, const request_context& c, output& out);
  // coordinator_streams.cc
  void on(const kafka::streams_group_heartbeat_request& r, const request_context& c, output& out);
  void on(const kafka::streams_group_describe_request& r, const request_context& c, output& out);
  // Of members of the classic protocol, who are not in such a group.
  void refuse_leave(const kafka::leave_group_request& r, const request_context& c, output& out);
  // group_queries.cc
  void on(const kafka::describe_groups_request& r, const request_context& c, output& out);
  void on(const kafka::list_groups_request& r, const request_context& c, output& out);
  // offset_commit.cc
  void on(const kafka::offset_commit_request& r, const request_context& c, output& out);
  void on(const kafka::txn_offset_commit_request& r, const request_context& c, output& out);
  // offset_fetch.cc
  void on(const kafka::offset_fetch_request& r, const request_context& c, output& out);
  // offset_removal.cc
  void on(const kafka::offset_delete_request& r, const request_context& c, output& out);
  void on(const kafka::delete_groups_request& r, const request_context& c, output& out);
  void delete_topics(std::span<const deleted_topic> gone, output& out);
  // offset_expiry.cc
  void expire_offsets(moment now, output& out);

  // Who commits.
  struct committer {
    const text& group;
    const text& member_id;
    const std::optional<text>& instance_id;
    std::int32_t epoch = -1;  // or generation
    std::int16_t api_version = 0;
    bool transactional = false;
  };
  // coordinator_consumers.cc
  void migrate_back(moment now, output& out);
  template <typename Topics>
  [[nodiscard]] kafka::error_code may_commit_to(const committer& by, const Topics& asked) const;
  [[nodiscard]] kafka::error_code may_commit(const committer& by,
                                             std::span<const partition_key> partitions) const;
  [[nodiscard]] kafka::error_code may_fetch(std::string_view group,
                                            const std::optional<text>& member_id,
                                            std::int32_t epoch) const;
  // False: there is more to look at.
  template <typename Groups>
  bool expire_offsets_of_kind(Groups& groups, std::string& from, moment now, output& out);
  [[nodiscard]] bool is_expired(const committed_offset& o, timestamp base, moment now) const;

  // Stores an offset, and has it.
  void put_offset(std::string_view group, std::string_view topic, std::int32_t partition,
                  logged::offset_commit_value value,
                  const std::optional<transaction_of>& transaction, output& out);
  void erase_offset(std::string_view group, std::string_view topic, std::int32_t partition,
                    output& out);
  // The offsets of a group have changed.
  void offsets_changed(std::string_view group);
  // What is refused to newcomers, as the state stands.
  [[nodiscard]] bool is_full() const { return memory_bytes() > settings.memory_bytes_max; }
  [[nodiscard]] std::size_t memory_bytes() const {
    return classic.memory_bytes() + consumers.memory_bytes() + shares.memory_bytes() +
           streams.memory_bytes() + offsets.memory_bytes();
  }
  kafka::error_code delete_group(std::string_view id, moment now, output& out);
  // Whether all of the group's offsets are gone.
  bool expire_offsets_of(const classic_group& g, moment now, output& out);

  group_settings settings;
  const topic_view& topics;
  [[no_unique_address]] defects broken;
  bool loaded = false;
  classic_groups classic{settings, broken};
  consumer_groups consumers{[this](const text& group) -> const consumer_settings& {
                              return settings.consumer_of(group.view());
                            },
                            topics, broken};
  share_groups shares{[this](const text& group) -> const share_settings& {
                        return settings.share_of(group.view());
                      },
                      topics};
  streams_groups streams{[this](const text& group) -> const streams_settings& {
                           return settings.streams_of(group.view());
                         },
                         topics, broken};
  offset_store offsets{broken};
  std::int64_t expiry_due_ms = 0;  // steady: of the next look at offsets
  std::string expiry_at;           // the first group that this round has not seen
  std::string consumer_expiry_at;  // the same among those of the consumer protocol
  std::string streams_expiry_at;   // and among streams groups
};

}  // namespace weir::group
