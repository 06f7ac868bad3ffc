#pragma once
// The numbers of Weir's world, each with a type of its own (docs/words.md).
#include <cstdint>

#include "core/base/strong.h"

namespace weir {

using offset = strong<struct offset_tag, std::int64_t>;  // Kafka's record offset in a partition
using log_index =
    strong<struct log_index_tag, std::uint64_t>;  // Raft's index; the first entry has 1
using term =
    strong<struct term_tag, std::uint64_t>;  // Raft's term; leader epoch in Kafka's protocol
using position = strong<struct position_tag, std::uint64_t>;  // byte in a file
using node_id = strong<struct node_id_tag, std::int32_t>;     // a broker
using partition_id = strong<struct partition_id_tag, std::int32_t>;
using producer_id = strong<struct producer_id_tag, std::int64_t>;
using producer_epoch = strong<struct producer_epoch_tag, std::int16_t>;
using timestamp = strong<struct timestamp_tag, std::int64_t>;  // milliseconds since 1970-01-01 UTC

inline constexpr offset no_offset{-1};
inline constexpr producer_id no_producer_id{-1};
inline constexpr producer_epoch no_producer_epoch{-1};
inline constexpr timestamp no_timestamp{-1};

}  // namespace weir
