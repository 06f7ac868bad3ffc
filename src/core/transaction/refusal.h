#pragma once
// Error codes that depend on the version of the request.
#include <cstdint>

#include "core/codec/error_code.h"

namespace weir::transaction {

// PRODUCER_FENCED came with KIP-588; clients from before know the older code as fatal.
inline kafka::error_code for_version(kafka::error_code error, std::int16_t version,
                                     std::int16_t knows_fenced) {
  return error == kafka::error_code::producer_fenced && version < knows_fenced
             ? kafka::error_code::invalid_producer_epoch
             : error;
}

}  // namespace weir::transaction
