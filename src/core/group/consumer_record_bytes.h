#pragma once
// Records of the consumer protocol as Kafka lays them out (decl/coordinator/consumer_group_*.log).
#include <cstdint>
#include <expected>
#include <optional>

#include "core/codec/codec_error.h"
#include "core/group/consumer_record.h"
#include "core/group/emitted.h"

namespace weir::group {

struct consumer_record_of {
  text group_id;
  consumer_record record;
};

// Whether a key of this type belongs to a group of the consumer protocol.
bool is_consumer_record(std::int16_t key_type);

coordinator_record to_bytes(const text& group_id, const consumer_record& record);
// Nothing: a record that has no meaning any more. Texts share the memory of key and value.
std::expected<std::optional<consumer_record_of>, kafka::codec_error> consumer_record_from(
    const fragments& key, const std::optional<fragments>& value);

}  // namespace weir::group
