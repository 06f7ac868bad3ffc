#pragma once
// What the journals of a data directory hold, read at start.
#include <seastar/core/aligned_buffer.hh>

#include <map>
#include <string>
#include <vector>

#include "core/log/journal_scan.h"
#include "engine/store/file.h"

namespace weir::store {

using log::journal_extent;
using log::segment_key;

struct journal_source {
  std::string path;
  log::journal_place place;
  log::journal_header header;
  std::uint64_t size;
};

// Reads at any place through aligned memory that it keeps.
struct window {
  seastar::future<std::string_view> read(file& from, std::uint64_t at, std::size_t most) {
    const auto aligned = block_floor(at);
    const auto wanted = block_ceil(at + most) - aligned;
    if (wanted > capacity) {
      memory = seastar::allocate_aligned_buffer<char>(wanted, block_size);
      capacity = wanted;
    }
    const auto got = co_await from.read(aligned, memory.get(), wanted);
    const auto skip = at - aligned;
    co_return got <= skip ? std::string_view()
                          : std::string_view(memory.get() + skip, std::min(most, got - skip));
  }
  std::unique_ptr<char[], seastar::free_deleter> memory;
  std::size_t capacity = 0;
};

struct journal_contents {
  std::vector<journal_source> sources;  // in order of generation
  log::journal_extents extents;
  std::map<std::pair<uuid, partition_id>, std::string> damaged;  // and what of it
};

// Throws where what is damaged can't be told, or a file is of a later version.
seastar::future<journal_contents> scan_journals(file_system& files, std::string folder);

}  // namespace weir::store
