#include "core/group/streams_request_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/group/consumer_member.h"

namespace weir::group {
namespace {

using kafka::error_code;
using request = kafka::streams_group_heartbeat_request;

std::unexpected<group_error> invalid(std::string message) {
  return std::unexpected(group_error{error_code::invalid_request, std::move(message)});
}

bool is_blank(std::string_view s) {
  return std::ranges::all_of(s, [](char c) { return c >= '\0' && c <= ' '; });
}

// What the protocol has and Kafka 4.3 does not serve.
group_result check_served(const request& r) {
  if (r.instance_id) return invalid("Static membership is not yet supported.");
  if (r.task_offsets) return invalid("TaskOffsets are not supported yet.");
  if (r.task_end_offsets) return invalid("TaskEndOffsets are not supported yet.");
  if (r.warmup_tasks && !r.warmup_tasks->empty()) {
    return invalid("WarmupTasks are not supported yet.");
  }
  if (r.topology && std::ranges::any_of(r.topology->subtopologies, [](const auto& s) {
        return !s.source_topic_regex.empty();
      })) {
    return invalid("Regular expressions for source topics are not supported yet.");
  }
  return {};
}

group_result check_joining(const request& r) {
  if (r.rebalance_timeout_ms == -1) {
    return invalid("RebalanceTimeoutMs must be provided in first request.");
  }
  if (!r.active_tasks || !r.active_tasks->empty()) {
    return invalid("ActiveTasks must be empty when (re-)joining.");
  }
  if (!r.standby_tasks || !r.standby_tasks->empty()) {
    return invalid("StandbyTasks must be empty when (re-)joining.");
  }
  if (!r.warmup_tasks) return invalid("WarmupTasks must be empty when (re-)joining.");
  if (!r.topology) return invalid("Topology must be non-null when (re-)joining.");
  return {};
}

bool names_places(const auto& places, const auto& of) {
  return std::ranges::all_of(
      places, [&](std::int16_t at) { return at >= 0 && std::cmp_less(at, of.size()); });
}

// No application makes one of these; Kafka trips over them.
bool is_nonsense(const request& r) {
  if (r.client_tags) {
    std::set<text> keys;
    for (const auto& t : *r.client_tags) {
      if (!keys.insert(t.key).second) return true;
    }
  }
  if (!r.topology) return false;
  if (r.topology->epoch < 0) return true;
  std::set<text> ids;
  for (const auto& s : r.topology->subtopologies) {
    if (!ids.insert(s.subtopology_id).second) return true;
    for (const auto& t : s.repartition_source_topics) {
      if (t.partitions < 0) return true;
    }
    for (const auto& g : s.copartition_groups) {
      if (!names_places(g.source_topics, s.source_topics) ||
          !names_places(g.repartition_source_topics, s.repartition_source_topics)) {
        return true;
      }
    }
  }
  return false;
}

group_result check_topology(const request& r) {
  if (!r.topology) return {};
  for (const auto& s : r.topology->subtopologies) {
    for (const auto& t : s.state_changelog_topics) {
      if (t.partitions == 0) continue;
      return std::unexpected(group_error{
          error_code::streams_invalid_topology,
          fmt::format("Changelog topic {} must have an undefined partition count, but it is set to "
                      "{}.",
                      t.name, t.partitions)});
    }
  }
  return {};
}

}  // namespace

group_result check(const request& r) {
  if (const auto ok = check_served(r); !ok) return ok;
  if (is_blank(r.member_id)) return invalid("MemberId can't be empty.");
  if (is_blank(r.group_id)) return invalid("GroupId can't be empty.");
  if (r.rack_id && is_blank(*r.rack_id)) return invalid("RackId can't be empty.");
  if (r.member_epoch == joining_epoch) {
    if (const auto ok = check_joining(r); !ok) return ok;
  } else if (r.topology) {
    return invalid("Topology can only be provided when (re-)joining.");
  } else if (r.member_epoch == static_leaving_epoch) {
    return invalid("InstanceId can't be null.");
  } else if (r.member_epoch < static_leaving_epoch) {
    return invalid(
        fmt::format("MemberEpoch is {}, but must be greater than or equal to -2.", r.member_epoch));
  }
  if (!r.active_tasks != !r.standby_tasks || !r.active_tasks != !r.warmup_tasks) {
    return invalid("If one task-type is non-null, all must be non-null.");
  }
  if (const auto ok = check_topology(r); !ok) return ok;
  if (is_nonsense(r)) return std::unexpected(group_error{error_code::unknown_server_error, ""});
  return {};
}

}  // namespace weir::group
