#pragma once
// Any file of ours in words, or as one JSON object a line.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/offline/source.h"

namespace weir::offline {

struct dump_order {
  bool records = false;  // of batches, their records too
  bool as_json = false;
  std::optional<std::int64_t> from;    // of files that have offsets: skip what ends before
  std::optional<std::uint64_t> count;  // frames, entries, producers, journal records
};

// Lines go to `out`, without the newline. False: something in the file could not be read; a line
// says so. Throws read_failed.
bool dump(const source_ptr& file, const dump_order& order,
          const std::function<void(const std::string&)>& out);

}  // namespace weir::offline
