#pragma once
// Which of our files some bytes are: by what they begin with, never by name alone.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/offline/source.h"

namespace weir::offline {

enum class file_kind : std::uint8_t {
  segment,
  index,
  producers,
  terms,
  checkpoint,
  cleaner,
  group,
  cut,
  reset,
  state,  // the catalog's
  journal,
  number,  // lock, format, node: one number as text
  unknown
};
std::string_view name(file_kind kind);

file_kind recognise(const byte_source& from);

// The number in a lock, format or node file.
std::optional<std::int64_t> read_number(const byte_source& from);

// Text for a terminal: UTF-8 as it is, but for control characters and what is not UTF-8 (\xHH, \n,
// \t, \\). Longer than `most` bytes: cut, with the number of those left out.
std::string readable(std::string_view bytes, std::size_t most = SIZE_MAX);

}  // namespace weir::offline
