#pragma once
// The records of `__share_group_state`, byte for byte Kafka's (docs/formats/share-records.md).
#include <expected>
#include <variant>

#include "core/base/fragments.h"
#include "core/codec/codec_error.h"
#include "core/share/share_state.h"

namespace weir::share {

struct snapshot_key {
  share_partition of;
};
struct update_key {
  share_partition of;
};
struct foreign_key {};
using record_key = std::variant<foreign_key, snapshot_key, update_key>;

// What changed since the snapshot with this epoch.
struct share_update {
  std::int32_t snapshot_epoch = 0;
  std::int32_t leader_epoch = -1;  // -1: as before
  offset start = no_offset;        // -1: as before
  std::int32_t delivery_complete_count = -1;
  state_batches batches{};
  bool operator==(const share_update&) const = default;
};

fragments encode(const snapshot_key& key);
fragments encode(const update_key& key);
fragments encode_snapshot(const share_state& state);
fragments encode(const share_update& update);

std::expected<record_key, kafka::codec_error> decode_key(const fragments& key);
// bad_length: batches that run backwards.
std::expected<share_state, kafka::codec_error> decode_snapshot(const fragments& value);
std::expected<share_update, kafka::codec_error> decode_update(const fragments& value);

}  // namespace weir::share
