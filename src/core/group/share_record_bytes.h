#pragma once
// Records of share groups as Kafka lays them out (decl/coordinator/share_group_*.log).
#include <cstdint>
#include <expected>

#include "core/codec/codec_error.h"
#include "core/group/emitted.h"
#include "core/group/share_record.h"

namespace weir::group {

struct share_record_of {
  text group_id;
  share_record record;
};

// Whether a key of this type belongs to a share group.
bool is_share_record(std::int16_t key_type);

coordinator_record to_bytes(const text& group_id, const share_record& record);
// Texts share the memory of key and value.
std::expected<share_record_of, kafka::codec_error> share_record_from(
    const fragments& key, const std::optional<fragments>& value);

}  // namespace weir::group
