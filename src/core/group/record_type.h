#pragma once
// The types of the records in `__consumer_offsets` that this room reads.
#include <cstdint>

#include "core/codec/coordinator/group_metadata.h"
#include "core/codec/coordinator/offset_commit.h"

namespace weir::group::record_type {

inline constexpr std::int16_t old_offset_commit = logged::offset_commit_key::version_min;
inline constexpr std::int16_t offset_commit = logged::offset_commit_key::message_key;
inline constexpr std::int16_t group_metadata = logged::group_metadata_key::message_key;

}  // namespace weir::group::record_type
