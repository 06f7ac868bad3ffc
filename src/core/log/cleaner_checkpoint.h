#pragma once
// How far compaction has come in a log (docs/formats/cleaner.md). Losing it costs one pass over
// everything, never data.
#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/ids.h"
#include "core/log/errors.h"

namespace weir::log {

inline constexpr std::size_t cleaner_checkpoint_size = 32;

struct cleaner_checkpoint {
  offset first_dirty{};  // no key occurs twice below it
  timestamp written{};
  bool operator==(const cleaner_checkpoint&) const = default;
};

std::array<char, cleaner_checkpoint_size> encode(const cleaner_checkpoint& c);
// What is at the start of `file`; bytes after it are ignored. Errors: cut_off, bad_magic,
// newer_version, bad_checksum, bad_field.
std::expected<cleaner_checkpoint, log_error> decode_cleaner_checkpoint(std::string_view file);

}  // namespace weir::log
