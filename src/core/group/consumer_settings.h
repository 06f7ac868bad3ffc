#pragma once
// How groups of the consumer protocol behave; the defaults are Kafka's. Those of one group may
// differ (group configs), and all may change at any time.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/group/assignor.h"

namespace weir::group {

// Whether a group with members goes from the classic protocol to the consumer protocol when a
// member of the new one joins, and back when the last of them has left.
enum class migration_policy : std::uint8_t { disabled, upgrade, downgrade, bidirectional };

struct consumer_settings {
  std::int32_t session_timeout_ms = 45'000;     // consumer.session.timeout.ms
  std::int32_t heartbeat_interval_ms = 5'000;   // consumer.heartbeat.interval.ms
  std::int32_t assignment_interval_ms = 1'000;  // consumer.assignment.interval.ms (KIP-1263)
  std::int32_t regex_refresh_ms = 600'000;      // group.consumer.regex.refresh.interval.ms
  std::int32_t regex_refresh_ms_min = 10'000;   // fixed in Kafka
  std::size_t members_max = std::numeric_limits<std::int32_t>::max();  // group.consumer.max.size
  // group.consumer.assignors; never empty
  std::vector<assignor> assignors{assignor::uniform, assignor::range};
  migration_policy migration = migration_policy::bidirectional;
};

}  // namespace weir::group
