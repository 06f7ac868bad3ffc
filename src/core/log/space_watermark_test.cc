#include "core/log/space_watermark.h"

#include <catch2/catch_all.hpp>

namespace weir::log {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;

TEST_CASE("the bound fits the file system") {
  CHECK(free_bytes_min({}, 10'000 * gib) == gib);
  CHECK(free_bytes_min({}, 10 * gib) == 10 * gib / 20);
  CHECK(free_bytes_min({}, gib) == 64 * mib);
  CHECK(free_bytes_min({}, 64 * mib) == 16 * mib);
  CHECK(free_bytes_min({}, 0) == 0);
  CHECK(free_bytes_min(0, 10 * gib) == 0);
  CHECK(free_bytes_min(20 * gib, 10 * gib) == 20 * gib);
}

TEST_CASE("it begins below the bound and ends a quarter above it") {
  using enum space_level;
  const auto at = [](space_level before, std::uint64_t free, bool waiting = false) {
    return level_of(before, {.free = free, .total = 1000}, 100, waiting);
  };
  CHECK(at(roomy, 100) == roomy);
  CHECK(at(roomy, 99) == low);
  CHECK(at(low, 124) == low);
  CHECK(at(low, 125) == roomy);
  CHECK(at(roomy, 1000, true) == full);
  CHECK(at(full, 1000, true) == full);
  CHECK(at(full, 124) == low);
  CHECK(at(full, 125) == roomy);
  CHECK(level_of(roomy, {.free = 0, .total = 10}, 0, false) == roomy);
  CHECK(level_of(low, {.free = 5, .total = 10}, UINT64_MAX, false) == low);
}

TEST_CASE("shards share what may be taken until the next look") {
  CHECK(headroom({.free = 500, .total = 1000}, 100, 2) == 200);
  CHECK(headroom({.free = 100, .total = 1000}, 100, 2) == 0);
  CHECK(headroom({.free = 50, .total = 1000}, 100, 2) == 0);
}

}  // namespace
}  // namespace weir::log
