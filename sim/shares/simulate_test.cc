#include <fmt/format.h>

#include <catch2/catch_all.hpp>
#include <iostream>

#include "sim/seeds_test.h"
#include "sim/shares/world.h"

namespace weir::sim::shares {
namespace {

constexpr std::uint64_t seeds = is_slow ? 30 : 1500;
constexpr std::uint64_t repeated = is_slow ? 3 : 20;

std::string told(const report& r) {
  std::string out = fmt::format("seed {}: {}\n{}\n", r.seed, r.what, describe(draw_plan(r.seed)));
  for (const auto& line : r.last) out += line + "\n";
  return out;
}

TEST_CASE("many seeds", "[seeds]") {
  const auto first = first_seed();
  const auto count = count_of_seeds(seeds);
  report sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const auto r = simulate(draw_plan(seed));
    if (!r.ok) FAIL(told(r));
    sum.events += r.events;
    sum.deliveries += r.deliveries;
    sum.writes += r.writes;
    sum.leaders += r.leaders;
    sum.too_late += r.too_late;
  }
  std::cout << fmt::format(
      "{} seeds: {} events, {} deliveries, {} writes of states, {} leaders, {} deliveries by who "
      "was replaced of what is done\n",
      count, sum.events, sum.deliveries, sum.writes, sum.leaders, sum.too_late);
  if (count == 1) return;
  CHECK(sum.deliveries > 100 * count);
  CHECK(sum.leaders > 10 * count);
}

TEST_CASE("the same seed is the same run, another one another", "[seeds]") {
  check_repeats(repeated, [](std::uint64_t seed) { return simulate(draw_plan(seed)); });
}

TEST_CASE("each broken rule is noticed", "[mutations]") {
  const auto run = [](std::uint64_t seed, const mutation& m) {
    auto p = draw_plan(seed);
    m.breaks(p);
    return simulate(p);
  };
  check_mutations(mutations(), run, told);
}

}  // namespace
}  // namespace weir::sim::shares
