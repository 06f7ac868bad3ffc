#include "core/group/consumer_request_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "core/group/consumer_member.h"

namespace weir::group {
namespace {

using kafka::error_code;

std::unexpected<group_error> invalid(std::string message) {
  return std::unexpected(group_error{error_code::invalid_request, std::move(message)});
}

group_result check_joining(const kafka::consumer_group_heartbeat_request& r) {
  if (r.rebalance_timeout_ms == -1) {
    return invalid("RebalanceTimeoutMs must be provided in first request.");
  }
  if (!r.topic_partitions || !r.topic_partitions->empty()) {
    return invalid("TopicPartitions must be empty when (re-)joining.");
  }
  if (!r.subscribed_topic_names && !r.subscribed_topic_regex) {
    return invalid(
        "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.");
  }
  return {};
}

group_result check_assignor(const kafka::consumer_group_heartbeat_request& r,
                            const consumer_settings& settings) {
  if (!r.server_assignor) return {};
  const auto wanted = assignor_named(*r.server_assignor);
  if (wanted && std::ranges::contains(settings.assignors, *wanted)) return {};
  return std::unexpected(group_error{
      error_code::unsupported_assignor,
      fmt::format("ServerAssignor {} is not supported. Supported assignors: {}.",
                  r.server_assignor->view(),
                  fmt::join(settings.assignors | std::views::transform(name_of), ", "))});
}

}  // namespace

group_result check(const kafka::consumer_group_heartbeat_request& r, std::int16_t version,
                   const consumer_settings& settings) {
  // Since version 1 a member makes its id itself; before, it gets one with the answer.
  if (r.member_id.empty() && (version >= 1 || r.member_epoch != joining_epoch)) {
    return invalid("MemberId can't be empty.");
  }
  if (r.group_id.empty()) return invalid("GroupId can't be empty.");
  if (r.instance_id && r.instance_id->empty()) return invalid("InstanceId can't be empty.");
  if (r.rack_id && r.rack_id->empty()) return invalid("RackId can't be empty.");
  if (r.member_epoch == joining_epoch) {
    if (const auto ok = check_joining(r); !ok) return ok;
  } else if (r.member_epoch == static_leaving_epoch) {
    if (!r.instance_id) return invalid("InstanceId can't be null.");
  } else if (r.member_epoch < static_leaving_epoch) {
    return invalid("MemberEpoch is invalid.");
  }
  return check_assignor(r, settings);
}

}  // namespace weir::group
