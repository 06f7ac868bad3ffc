#pragma once
// What a coordinator emitted, as a batch for its log.
#include <expected>

#include "core/group/emitted.h"
#include "core/record/batch_builder.h"
#include "core/record/validate.h"

namespace weir {

// One batch with all of the records, at least one.
record::validated_batch log_batch(const group::coordinator_batch& emitted, timestamp now);
// The marker that ends a producer's transaction in the partition.
record::validated_batch marker_batch(group::transaction_of whose, record::marker kind,
                                     std::int32_t coordinator_epoch, std::int32_t leader_epoch,
                                     timestamp now);

}  // namespace weir
