#pragma once
// How one state of a transaction follows from another: the fields of the next record. Whether it
// may is for the callers.
#include <optional>

#include "core/transaction/transaction.h"

namespace weir::transaction {

// A producer (anew), without a transaction: InitProducerId.
transaction with_epoch(transaction t, producer_epoch epoch, producer_epoch last_epoch,
                       std::int32_t timeout_ms, timestamp now);
transaction with_producer(transaction t, producer_id fresh, producer_epoch last_epoch,
                          std::int32_t timeout_ms, timestamp now);

transaction with_partitions(transaction t, const partition_set& added, std::int16_t client_version,
                            timestamp now);

// The epoch of whoever has it is taken from them. Nobody gets the new one.
transaction fenced(transaction t);
// Decided. From version 2 on the epoch is the next one: markers carry it, and so nothing that comes
// later under the old one is taken (KIP-890). `next`: of the producer id that follows where the
// epochs are used up.
transaction prepared(transaction t, bool commit, std::int16_t version, producer_id next,
                     timestamp now);
// All markers are written.
transaction completed(transaction t, timestamp now);

// What replay can tell of the epoch before.
producer_epoch last_epoch_after(const std::optional<transaction>& before, const transaction& now);

}  // namespace weir::transaction
