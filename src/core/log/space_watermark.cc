#include "core/log/space_watermark.h"

#include <algorithm>

namespace weir::log {
namespace {

constexpr std::uint64_t auto_min = 64ULL << 20;
constexpr std::uint64_t auto_max = 1ULL << 30;

}  // namespace

std::uint64_t free_bytes_min(std::optional<std::uint64_t> configured, std::uint64_t total) {
  if (configured) return *configured;
  return std::min(std::clamp(total / 20, auto_min, auto_max), total / 4);
}

std::uint64_t free_bytes_to_resume(std::uint64_t least) {
  return least > UINT64_MAX / 2 ? UINT64_MAX : least + least / 4;
}

space_level level_of(space_level before, device_space now, std::uint64_t least, bool waiting) {
  if (waiting) return space_level::full;
  const auto needed = before == space_level::roomy ? least : free_bytes_to_resume(least);
  return now.free < needed ? space_level::low : space_level::roomy;
}

std::uint64_t headroom(device_space now, std::uint64_t least, unsigned shards) {
  return now.free <= least ? 0 : (now.free - least) / std::max(1U, shards);
}

}  // namespace weir::log
