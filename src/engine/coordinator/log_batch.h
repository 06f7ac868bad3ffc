#pragma once
// What a coordinator emitted, as a batch for its log.
#include <expected>

#include "core/group/emitted.h"
#include "core/record/batch_builder.h"
#include "core/record/validate.h"

namespace weir {

// One batch with all of the records, at least one.
record::validated_batch log_batch(const group::coordinator_batch& emitted, timestamp now);

}  // namespace weir
