#pragma once
// What a log is about to become when it is thrown away for a state that a leader sent: written
// before anything goes and removed when the new log is there, so that a start after a crash does
// the rest (docs/formats/reset.md).
#include <expected>
#include <string>
#include <string_view>

#include "core/log/frame.h"

namespace weir::log {

struct reset_record {
  std::uint64_t salt = 0;  // of the segment that the new log begins with
  // The entry before its first one, and the offset after that.
  log_index last_index;
  weir::term last_term;
  offset next_offset{0};
  log_index forgotten;  // segment_header::forgotten
  timestamp created{};
  std::string members;    // a configuration's body: in effect there; empty: it is not known
  std::string producers;  // producer_sequences::encode, as of there
  bool operator==(const reset_record&) const = default;
};

std::string encode(const reset_record& reset);
// Errors: cut_off, bad_magic, newer_version, bad_checksum, bad_field.
std::expected<reset_record, log_error> decode_reset_record(std::string_view file);

}  // namespace weir::log
