#pragma once
// When a file system has too little room left for more data, and when it has enough again
// (docs/decisions/0009-disk-full.md). The second bound is above the first, so that it does not
// flap.
#include <cstdint>
#include <optional>

namespace weir::log {

enum class space_level : std::uint8_t {
  roomy,
  low,   // below the bound: no more data is taken, deleting and commands go on
  full,  // somebody was refused space by the device
};

struct device_space {
  std::uint64_t free = 0;   // bytes that this process may use
  std::uint64_t total = 0;  // bytes of the whole file system
};

// The bound: `configured` where it is given (store.free_bytes_min), else worked out from the size.
std::uint64_t free_bytes_min(std::optional<std::uint64_t> configured, std::uint64_t total);
// How much must be free for data to be taken again.
std::uint64_t free_bytes_to_resume(std::uint64_t least);
// `waiting`: some log was refused space and has not got it since.
space_level level_of(space_level before, device_space now, std::uint64_t least, bool waiting);
// Bytes that each of `shards` may take until it is looked again.
std::uint64_t headroom(device_space now, std::uint64_t least, unsigned shards);

}  // namespace weir::log
