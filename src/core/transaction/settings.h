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
  // transactions (timeouts, fencing), and which version its records have.
  std::int16_t feature_level = epoch_bumped_transactions;

  // Weir's own. A marker whose partition said that it can't is sent again after the first; one of
  // which nothing is heard, after the second.
  std::int64_t marker_retry_ms = 100;
  std::int64_t marker_silence_ms = 30'000;
  // Bounds of memory. Beyond them a new id, or the partition, is refused.
  std::size_t ids_max = 500'000;
  std::size_t partitions_max = 50'000;  // of one transaction
  std::size_t expired_per_step = 256;   // tombstones of one batch
};

}  // namespace weir::transaction
