// What ties options of groups to each other and to the bounds that the cluster sets, and what
// client metrics may be, with the messages of Apache Kafka.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/check.h"
#include "core/options/change.h"

namespace weir {
namespace {

using checked = std::expected<void, option_error>;

std::unexpected<option_error> refuse(std::string message) {
  return std::unexpected(option_error{option_error_code::invalid_value, std::move(message)});
}

struct bounded {
  std::string_view name;
  std::int64_t value;
  std::string_view min_name;  // empty: no bound
  std::int64_t min = 0;
  std::string_view max_name;
  std::int64_t max = 0;
};

checked within(const bounded& b) {
  if (!b.min_name.empty() && b.value < b.min)
    return refuse(fmt::format("{} must be greater than or equal to {}", b.name, b.min_name));
  if (!b.max_name.empty() && b.value > b.max)
    return refuse(fmt::format("{} must be less than or equal to {}", b.name, b.max_name));
  return {};
}

checked longer(std::string_view session, std::chrono::milliseconds session_ms,
               std::string_view heartbeat, std::chrono::milliseconds heartbeat_ms) {
  if (session_ms > heartbeat_ms) return {};
  return refuse(fmt::format("{} must be greater than {}", session, heartbeat));
}

// An ISO 8601 duration of days and less, as far as it says whether it is one and not negative:
// PT1H30M, P2DT0.5S.
bool is_duration(std::string_view text) {
  if (!text.starts_with('P') && !text.starts_with('p')) return false;
  text.remove_prefix(1);
  std::string_view units = "DHMS";
  bool any = false;
  bool time = false;
  while (!text.empty()) {
    if (!time && (text.front() == 'T' || text.front() == 't')) {
      time = true;
      text.remove_prefix(1);
      units.remove_prefix(units.starts_with('D') ? 1 : 0);
      if (text.empty()) return false;
      continue;
    }
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    if (digits == 0 || digits == text.size() || digits > 18) return false;
    const char unit = static_cast<char>(text[digits] & ~0x20);
    const auto at = units.find(unit);
    if (at == units.npos || (unit == 'D') == time) return false;
    const auto number = text.substr(0, digits);
    const auto point = number.find('.');
    if (point != number.npos &&
        (unit != 'S' || point == 0 || number.find('.', point + 1) != number.npos))
      return false;
    units.remove_prefix(at + 1);
    text.remove_prefix(digits + 1);
    any = true;
  }
  return any;
}

checked check_reset(std::string_view value) {
  constexpr std::string_view by_duration = "by_duration:";
  if (value == "latest" || value == "earliest") return {};
  if (value.starts_with(by_duration) && is_duration(value.substr(by_duration.size()))) return {};
  return refuse(
      fmt::format("Invalid value {} for configuration share.auto.offset.reset: Invalid value `{}` "
                  "for configuration share.auto.offset.reset. The value must be either "
                  "'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
                  value, value));
}

checked check_bounds(const group_options& g, const cluster_options& c) {
  const bounded all[] = {
      {"consumer.session.timeout.ms", g.consumer_session_ms.count(),
       "group.consumer.min.session.timeout.ms", c.group_consumer_session_ms_min.count(),
       "group.consumer.max.session.timeout.ms", c.group_consumer_session_ms_max.count()},
      {"consumer.heartbeat.interval.ms", g.consumer_heartbeat_ms.count(),
       "group.consumer.min.heartbeat.interval.ms", c.group_consumer_heartbeat_ms_min.count(),
       "group.consumer.max.heartbeat.interval.ms", c.group_consumer_heartbeat_ms_max.count()},
      {"share.session.timeout.ms", g.share_session_ms.count(), "group.share.min.session.timeout.ms",
       c.group_share_session_ms_min.count(), "group.share.max.session.timeout.ms",
       c.group_share_session_ms_max.count()},
      {"share.heartbeat.interval.ms", g.share_heartbeat_ms.count(),
       "group.share.min.heartbeat.interval.ms", c.group_share_heartbeat_ms_min.count(),
       "group.share.max.heartbeat.interval.ms", c.group_share_heartbeat_ms_max.count()},
      {"share.record.lock.duration.ms", g.share_record_lock_ms.count(),
       "group.share.min.record.lock.duration.ms", c.group_share_record_lock_ms_min.count(),
       "group.share.max.record.lock.duration.ms", c.group_share_record_lock_ms_max.count()},
      {"streams.session.timeout.ms", g.streams_session_ms.count(),
       "group.streams.min.session.timeout.ms", c.group_streams_session_ms_min.count(),
       "group.streams.max.session.timeout.ms", c.group_streams_session_ms_max.count()},
      {"streams.heartbeat.interval.ms", g.streams_heartbeat_ms.count(),
       "group.streams.min.heartbeat.interval.ms", c.group_streams_heartbeat_ms_min.count(),
       "group.streams.max.heartbeat.interval.ms", c.group_streams_heartbeat_ms_max.count()},
      {"consumer.assignment.interval.ms", g.consumer_assignment_ms.count(),
       "group.consumer.min.assignment.interval.ms", c.group_consumer_assignment_ms_min.count(),
       "group.consumer.max.assignment.interval.ms", c.group_consumer_assignment_ms_max.count()},
      {"share.assignment.interval.ms", g.share_assignment_ms.count(),
       "group.share.min.assignment.interval.ms", c.group_share_assignment_ms_min.count(),
       "group.share.max.assignment.interval.ms", c.group_share_assignment_ms_max.count()},
      {"streams.assignment.interval.ms", g.streams_assignment_ms.count(),
       "group.streams.min.assignment.interval.ms", c.group_streams_assignment_ms_min.count(),
       "group.streams.max.assignment.interval.ms", c.group_streams_assignment_ms_max.count()},
      {"share.delivery.count.limit", g.share_deliveries_max, "group.share.min.delivery.count.limit",
       c.group_share_deliveries_max_min, "group.share.max.delivery.count.limit",
       c.group_share_deliveries_max_max},
      {"share.partition.max.record.locks", g.share_record_locks_max,
       "group.share.min.partition.max.record.locks", c.group_share_record_locks_max_min,
       "group.share.max.partition.max.record.locks", c.group_share_record_locks_max_max},
      {"streams.num.standby.replicas",
       g.streams_standbys,
       {},
       0,
       "group.streams.max.standby.replicas",
       c.group_streams_standbys_max},
  };
  for (const auto& one : all) weir_try_void(within(one));
  return {};
}

}  // namespace

checked check_client_metrics(const option_layers& layers) {
  constexpr std::chrono::milliseconds shortest{100};
  constexpr std::chrono::hours longest{1};
  const auto interval = resolve_client_metrics(layers).interval_ms;
  if (interval >= shortest && interval <= longest) return {};
  return std::unexpected(option_error{
      option_error_code::invalid_request,
      fmt::format("Invalid value {} for interval.ms, interval must be between {} and {} (1 hour)",
                  interval.count(), shortest.count(), std::chrono::milliseconds(longest).count())});
}

checked check_group(const option_layers& layers) {
  const auto group = resolve_group(layers);
  weir_try_void(check_reset(group.share_offset_reset));
  weir_try_void(check_bounds(group, resolve_cluster(layers)));
  weir_try_void(longer("consumer.session.timeout.ms", group.consumer_session_ms,
                       "consumer.heartbeat.interval.ms", group.consumer_heartbeat_ms));
  weir_try_void(longer("share.session.timeout.ms", group.share_session_ms,
                       "share.heartbeat.interval.ms", group.share_heartbeat_ms));
  return longer("streams.session.timeout.ms", group.streams_session_ms,
                "streams.heartbeat.interval.ms", group.streams_heartbeat_ms);
}

}  // namespace weir
