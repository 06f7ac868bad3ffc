#pragma once
// What a truncation is about to do to a segment, written before it begins and removed when it is
// done (docs/formats/cut.md): zeroing the rest of a block is not atomic on every device, so a start
// after a crash does it again from here.
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/log/errors.h"

namespace weir::log {

struct cut_record {
  static constexpr std::size_t block = 4096;
  std::uint64_t salt = 0;   // of the segment that is cut; later ones go as a whole
  log_index first_index{};  // its
  position end{};           // where it is cut
  std::string kept;         // the bytes of its last block before that: end % block of them
  bool operator==(const cut_record&) const = default;
};

inline constexpr std::size_t cut_record_size_max = 40 + cut_record::block;

std::string encode(const cut_record& cut);
std::expected<cut_record, log_error> decode_cut_record(std::string_view file);

}  // namespace weir::log
