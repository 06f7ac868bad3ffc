#pragma once
// What a partition's store knew when it last looked, so that start-up need not find it out again
// (docs/formats/checkpoint.md). Written at clean shutdown and from time to time; losing it costs
// time, never data.
#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/ids.h"
#include "core/log/errors.h"

namespace weir::log {

inline constexpr std::size_t checkpoint_size = 96;

struct checkpoint {
  bool clean = false;             // the partition was closed in order; nothing came after
  std::uint64_t active_salt = 0;  // of the active segment, which the next two speak of
  log_index active_first_index{};
  position flushed_through{};  // every byte of the active segment below it is durable
  log_index flushed_index{};   // of the last durable entry; 0 if none
  offset next_offset{};        // after that entry
  weir::term last_term{};      // of that entry
  log_index start_index{};     // first entry kept
  offset start_offset{};       // DeleteRecords and retention moved it here
  timestamp written{};
  bool operator==(const checkpoint&) const = default;
};

std::array<char, checkpoint_size> encode(const checkpoint& c);
// The checkpoint at the start of `file`; bytes after it (an aligned block's padding) are ignored.
// Errors: cut_off, bad_magic, newer_version, bad_checksum, bad_field.
std::expected<checkpoint, log_error> decode_checkpoint(std::string_view file);

}  // namespace weir::log
