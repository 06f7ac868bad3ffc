#include <fmt/format.h>

#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <iostream>

#include "sim/shares/world.h"

namespace weir::sim::shares {
namespace {

#ifdef WEIR_CHECKED
constexpr bool is_slow = true;  // the sanitizers' builds
#else
constexpr bool is_slow = false;
#endif
constexpr std::uint64_t seeds = is_slow ? 30 : 1500;
constexpr std::uint64_t repeated = is_slow ? 3 : 20;

std::string told(const report& r) {
  std::string out = fmt::format("seed {}: {}\n{}\n", r.seed, r.what, describe(draw_plan(r.seed)));
  for (const auto& line : r.last) out += line + "\n";
  return out;
}

// WEIR_SEED: only this one. WEIR_SEEDS: so many.
std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

TEST_CASE("many seeds", "[seeds]") {
  const auto first = number("WEIR_SEED", 1);
  const auto count = number("WEIR_SEEDS", std::getenv("WEIR_SEED") ? 1 : seeds);
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
  for (std::uint64_t seed = 1; seed <= repeated; ++seed) {
    const auto first = simulate(draw_plan(seed));
    const auto second = simulate(draw_plan(seed));
    CHECK(first.hash == second.hash);
    CHECK(first.events == second.events);
    CHECK(first.hash != simulate(draw_plan(seed + repeated)).hash);
  }
}

// A simulator that can't fail proves nothing: each rule, once broken, must be missed.
TEST_CASE("each broken rule is noticed", "[mutations]") {
  std::string table;
  const char* only = std::getenv("WEIR_MUTATION");
  for (const auto& m : mutations()) {
    if (only && m.name != only) continue;
    if (is_slow && m.seeds_max > 100) continue;
    report caught{.ok = true};
    std::uint64_t seed = 0;
    while (caught.ok && seed < m.seeds_max) {
      auto p = draw_plan(++seed);
      m.breaks(p);
      caught = simulate(p);
    }
    table += fmt::format("| {} | {} | {} |\n", m.name, seed, caught.ok ? "NOTHING" : caught.what);
    CHECK_FALSE(caught.ok);
    if (only) std::cout << told(caught);
  }
  std::cout << table;
}

}  // namespace
}  // namespace weir::sim::shares
