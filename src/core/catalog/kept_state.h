#pragma once
// The state as it lies on disk in place of the log's front, and as a broker gets it that lacks
// that: a head, then the pieces of a snapshot (docs/formats/catalog-snapshot.md).
#include "core/catalog/snapshot.h"

namespace weir::catalog {

// All entries through `index` were applied; the next command takes this offset.
struct kept_place {
  log_index index;
  offset next_offset{};
  bool operator==(const kept_place&) const = default;
};

inline constexpr std::size_t kept_head_size = 32;

// What stands before the pieces.
fragments encode_kept_head(const kept_place& at);
// Errors: truncated, damaged, malformed, newer_version.
std::expected<kept_place, snapshot_error> decode_kept_head(const fragments& from);

std::string_view name(snapshot_error error);

}  // namespace weir::catalog
