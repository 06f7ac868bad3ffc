#pragma once
// The records that a snapshot of the state is made of.
#include <variant>

#include "core/codec/stored/snapshot_broker.h"
#include "core/codec/stored/snapshot_configs.h"
#include "core/codec/stored/snapshot_end.h"
#include "core/codec/stored/snapshot_features.h"
#include "core/codec/stored/snapshot_head.h"
#include "core/codec/stored/snapshot_partitions.h"
#include "core/codec/stored/snapshot_topic.h"

namespace weir::catalog {

using snapshot_record =
    std::variant<stored::snapshot_head, stored::snapshot_broker, stored::snapshot_features,
                 stored::snapshot_topic, stored::snapshot_partitions, stored::snapshot_configs,
                 stored::snapshot_end>;

// Before each: int32 bytes of the record, uint32 CRC-32C of them.
inline constexpr std::size_t piece_head_size = 8;

}  // namespace weir::catalog
