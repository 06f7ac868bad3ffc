#include "sim/linear.h"

#include <catch2/catch_all.hpp>

#include "sim/random.h"

namespace weir::sim {
namespace {

using history = std::vector<operation>;

operation write(std::uint64_t value, std::int64_t called, std::int64_t answered = never) {
  return {.is_write = true, .value = value, .called = called, .answered = answered};
}
operation read(std::uint64_t value, std::int64_t called, std::int64_t answered) {
  return {.value = value, .called = called, .answered = answered};
}

bool fine(const history& h) {
  return !why_not_linearizable(h);
}

TEST_CASE("what may and may not have happened") {
  CHECK(fine({write(1, 0, 1), read(1, 2, 3)}));
  CHECK_FALSE(fine({write(1, 0, 1), read(0, 2, 3)}));  // stale
  CHECK(fine({write(1, 0, 5), read(0, 1, 2), read(1, 3, 4)}));
  CHECK_FALSE(fine({write(1, 0, 5), read(1, 1, 2), read(0, 3, 4)}));  // back in time
  CHECK(fine({write(1, 0), read(0, 5, 6)}));
  CHECK(fine({write(1, 0), read(0, 5, 6), read(1, 7, 8)}));
  CHECK_FALSE(fine({write(1, 0), read(1, 5, 6), read(0, 7, 8)}));
  CHECK_FALSE(fine({read(1, 0, 1), write(1, 2, 3)}));
  CHECK_FALSE(fine({read(7, 0, 1)}));
  CHECK_FALSE(fine({write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)}));
  CHECK(fine({write(1, 0, 4), write(2, 1, 3), read(1, 5, 6)}));
  CHECK_FALSE(fine({write(1, 0, 4), write(2, 1, 3), read(1, 5, 6), read(2, 7, 8)}));
}

// Tries every order.
bool possible(const history& h, std::uint32_t done, std::uint64_t now) {
  std::int64_t deadline = never;
  bool all = true;
  for (std::size_t i = 0; i < h.size(); ++i) {
    if (done >> i & 1U) continue;
    deadline = std::min(deadline, h[i].answered);
    all = all && h[i].answered == never;
  }
  if (all) return true;
  for (std::size_t i = 0; i < h.size(); ++i) {
    if ((done >> i & 1U) || h[i].called > deadline) continue;
    if (!h[i].is_write && h[i].value != now) continue;
    if (possible(h, done | 1U << i, h[i].is_write ? h[i].value : now)) return true;
  }
  return false;
}

TEST_CASE("the answer is that of trying every order") {
  random chance(3);
  int yes = 0;
  for (int round = 0; round < 30'000; ++round) {
    history h;
    const auto count = 2 + chance.below(6);
    std::uint64_t writes = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto called = static_cast<std::int64_t>(chance.below(12) * 2 + 1);
      const auto answered = called + static_cast<std::int64_t>(chance.below(6) * 2 + 1);
      if (chance.chance(500'000)) {
        h.push_back(write(++writes, called, chance.chance(200'000) ? never : answered));
      } else {
        h.push_back(read(chance.below(writes + 1), called, answered));
      }
    }
    const bool expected = possible(h, 0, 0);
    yes += expected ? 1 : 0;
    REQUIRE(fine(h) == expected);
  }
  CHECK(yes > 3000);
  CHECK(yes < 27'000);
}

}  // namespace
}  // namespace weir::sim
