#pragma once
// Records of streams groups as Kafka lays them out (decl/coordinator/streams_group_*.log).
#include <cstdint>
#include <expected>

#include "core/codec/codec_error.h"
#include "core/group/emitted.h"
#include "core/group/streams_record.h"

namespace weir::group {

struct streams_record_of {
  text group_id;
  streams_record record;
};

// Whether a key of this type belongs to a streams group.
bool is_streams_record(std::int16_t key_type);

coordinator_record to_bytes(const text& group_id, const streams_record& record);
// Texts share the memory of key and value.
std::expected<streams_record_of, kafka::codec_error> streams_record_from(
    const fragments& key, const std::optional<fragments>& value);

}  // namespace weir::group
