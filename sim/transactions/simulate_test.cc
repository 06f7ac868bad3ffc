#include <fmt/format.h>

#include <catch2/catch_all.hpp>
#include <iostream>

#include "sim/seeds_test.h"
#include "sim/transactions/world.h"

namespace weir::sim::transactions {
namespace {

constexpr std::uint64_t seeds = is_slow ? 60 : 1500;
constexpr std::uint64_t repeated = is_slow ? 3 : 20;

std::string told(const report& r) {
  std::string out = fmt::format("seed {}: {}\n", r.seed, r.what);
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
    sum.committed += r.committed;
    sum.aborted += r.aborted;
    sum.ends_of_terms += r.ends_of_terms;
  }
  std::cout << fmt::format(
      "{} seeds: {} events, {} transactions committed, {} aborted, {} terms ended\n", count,
      sum.events, sum.committed, sum.aborted, sum.ends_of_terms);
  CHECK(sum.committed > 0);
  CHECK(sum.aborted > 0);
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
}  // namespace weir::sim::transactions
