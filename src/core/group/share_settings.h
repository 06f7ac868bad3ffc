#pragma once
// How share groups behave; the defaults are Kafka's.
#include <cstddef>
#include <cstdint>

namespace weir::group {

struct share_settings {
  std::int32_t session_timeout_ms = 45'000;     // share.session.timeout.ms
  std::int32_t heartbeat_interval_ms = 5'000;   // share.heartbeat.interval.ms
  std::int32_t assignment_interval_ms = 1'000;  // share.assignment.interval.ms (KIP-1263)
  std::int32_t initialize_retry_ms = 30'000;    // group.share.initialize.retry.interval.ms
  std::size_t members_max = 200;                // group.share.max.size
};

}  // namespace weir::group
