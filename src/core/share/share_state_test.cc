#include "core/share/share_state.h"

#include <catch2/catch_all.hpp>
#include <map>
#include <random>
#include <tuple>

namespace weir::share {
namespace {

state_batch batch(std::int64_t first, std::int64_t last, int state, int count) {
  return {offset(first), offset(last), static_cast<std::int8_t>(state),
          static_cast<std::int16_t>(count)};
}

using offsets = std::map<std::int64_t, std::tuple<bool, int, int>>;

void put(offsets& into, const state_batch& b, std::int64_t start) {
  for (auto o = std::max(b.first.value(), start); o <= b.last.value(); ++o) {
    auto& at = into[o];
    at = std::max(at, {b.delivery_state != 0, int{b.delivery_count}, int{b.delivery_state}});
  }
}

TEST_CASE("batches are put together by records") {
  const state_batches old{batch(0, 9, 0, 1), batch(20, 29, 2, 1)};
  CHECK(combine(old, {}, offset(0)) == old);
  CHECK(combine(old, {}, offset(5)) == state_batches{batch(5, 9, 0, 1), batch(20, 29, 2, 1)});
  CHECK(combine(old, {}, offset(10)) == state_batches{batch(20, 29, 2, 1)});
  CHECK(combine(old, {}, no_offset) == old);
  // The same state next to each other is one batch.
  const state_batches next{batch(10, 12, 0, 1)};
  CHECK(combine(old, next, offset(0)) == state_batches{batch(0, 12, 0, 1), batch(20, 29, 2, 1)});
  // What is done stays so; then the higher count counts, then the higher state.
  const state_batches later{batch(5, 24, 0, 2)};
  CHECK(combine(old, later, offset(0)) ==
        state_batches{batch(0, 4, 0, 1), batch(5, 19, 0, 2), batch(20, 29, 2, 1)});
  const state_batches again{batch(20, 29, 2, 2), batch(25, 29, 4, 1)};
  CHECK(combine(old, again, offset(20)) == state_batches{batch(20, 29, 2, 2)});
  const state_batches done{batch(3, 4, 4, 1), batch(22, 23, 0, 1)};
  CHECK(combine(old, done, offset(0)) == state_batches{batch(0, 2, 0, 1), batch(3, 4, 4, 1),
                                                       batch(5, 9, 0, 1), batch(20, 29, 2, 1)});
}

TEST_CASE("putting together is what it is record by record, in any order") {
  std::minstd_rand chance(7);
  const auto below = [&](int n) { return static_cast<int>(chance() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 2000; ++round) {
    state_batches a;
    state_batches b;
    for (int i = below(6); i-- > 0;) {
      const auto first = below(20);
      (below(2) == 0 ? a : b).push_back(batch(first, first + below(8), 2 * below(3), below(3)));
    }
    const auto start = below(25) - 1;
    offsets expected;
    for (const auto& one : a) put(expected, one, start);
    for (const auto& one : b) put(expected, one, start);
    const auto together = combine(a, b, offset(start));
    offsets found;
    for (const auto& one : together) put(found, one, -1);
    REQUIRE(found == expected);
    for (std::size_t i = 1; i < together.size(); ++i) {
      REQUIRE(together[i - 1].last < together[i].first);
      const bool meets = together[i - 1].last + 1 == together[i].first;
      const bool same = together[i - 1].delivery_state == together[i].delivery_state &&
                        together[i - 1].delivery_count == together[i].delivery_count;
      REQUIRE_FALSE((meets && same));
    }
    REQUIRE(combine(b, a, offset(start)) == together);
    REQUIRE(combine(together, b, offset(start)) == together);
  }
}

TEST_CASE("what no batch may be") {
  CHECK(well_formed({}));
  CHECK(well_formed(state_batches{batch(0, 0, 0, 0)}));
  CHECK_FALSE(well_formed(state_batches{batch(1, 0, 0, 0)}));
  CHECK_FALSE(well_formed(state_batches{batch(-1, 0, 0, 0)}));
  CHECK_FALSE(well_formed(state_batches{batch(0, INT64_MAX, 0, 0)}));
}

}  // namespace
}  // namespace weir::share
