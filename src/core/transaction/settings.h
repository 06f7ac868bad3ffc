#pragma once
// How a coordinator behaves; the defaults are Kafka's. May change at any time.
#include <cstddef>
#include <cstdint>

#include "core/transaction/transaction.h"

namespace weir::transaction {

struct transaction_settings {
  std::int32_t timeout_ms_max = 15 * 60 * 1000;                  // transaction.max.timeout.ms
  std::int64_t id_expiration_ms = std::int64_t{7} * 86'400'000;  // transactional.id.expiration.ms
  // transaction.remove.expired.transaction.cleanup.interval.ms
  std::int64_t expiry_interval_ms = std::int64_t{3600} * 1000;
  bool two_phase_commit = false;  // transaction.two.phase.commit.enable
  // The finalized level of the feature `transaction.version`: how the coordinator itself ends
  // transactions (timeouts, fencing). Clients say by their requests' versions how theirs end.
  std::int16_t feature_level = epoch_bumped_transactions;

  // Weir's own. A marker whose partition said that it can't is sent again, at first after `min`,
  // then after twice as long each time; one of which nothing is heard, after `silence`.
  std::int64_t marker_retry_ms_min = 100;
  std::int64_t marker_retry_ms_max = 5'000;
  std::int64_t marker_silence_ms = 30'000;
  // Bounds. Beyond them a new id, or one partition more, is refused.
  std::size_t ids_max = 500'000;
  std::size_t record_bytes_max = 900'000;  // a transaction's partitions are one record
  // A batch takes records until it has this much; a tick does so many things.
  std::size_t batch_bytes = 256 * 1024;
  std::size_t done_per_tick = 256;
};

}  // namespace weir::transaction
