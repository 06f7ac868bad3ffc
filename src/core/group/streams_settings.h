#pragma once
// How streams groups behave; the defaults are Kafka's.
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::group {

struct streams_settings {
  std::int32_t session_timeout_ms = 45'000;         // streams.session.timeout.ms
  std::int32_t heartbeat_interval_ms = 5'000;       // streams.heartbeat.interval.ms
  std::int32_t standby_replicas = 0;                // streams.num.standby.replicas
  std::int32_t initial_rebalance_delay_ms = 3'000;  // streams.initial.rebalance.delay.ms
  std::int32_t assignment_interval_ms = 1'000;      // streams.assignment.interval.ms (KIP-1263)
  std::size_t members_max = std::numeric_limits<std::int32_t>::max();  // group.streams.max.size
};

}  // namespace weir::group
