#include "sim/simulate.h"

#include <fmt/format.h>

#include <catch2/catch_all.hpp>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "sim/command.h"

namespace weir::sim {
namespace {

#ifdef WEIR_CHECKED
constexpr bool is_slow = true;  // the sanitizers' builds
#else
constexpr bool is_slow = false;
#endif
constexpr std::uint64_t seeds = is_slow ? 100 : 2000;
constexpr std::uint64_t repeated = is_slow ? 4 : 40;

std::string told(const report& r) {
  std::string out = fmt::format("seed {} in {}: {}\n", r.seed, r.phase, r.what);
  for (const auto& line : r.last) out += line + "\n";
  return out;
}

TEST_CASE("many seeds", "[seeds]") {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto r = simulate(draw_plan(seed));
    if (!r.ok) FAIL(told(r));
    REQUIRE(r.phases.size() >= 4);  // chaos, healing, calm, clients
  }
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

TEST_CASE("the runs are of many kinds") {
  int cut = 0;
  int lossless = 0;
  int changing = 0;
  int alone = 0;
  int resting = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const auto p = draw_plan(seed);
    cut += p.cut_every != 0 ? 1 : 0;
    lossless += p.loss == 0 ? 1 : 0;
    changing += p.change_every != 0 ? 1 : 0;
    alone += p.nodes == 1 ? 1 : 0;
    resting += p.options.rest ? 1 : 0;
  }
  CHECK((cut > 100 && cut < 200));
  CHECK((lossless > 60 && lossless < 240));
  CHECK((changing > 100 && changing < 200));
  CHECK(alone > 5);
  CHECK((resting > 100 && resting < 200));
}

TEST_CASE("the command tells of runs, and ends with what they came to") {
  std::string out;
  const auto print = [&](std::string_view text) { out += text; };
  const auto no_time = [] { return 0.0; };
  CHECK(run({.seed = 2, .seeds = 2, .check_determinism = true}, print, no_time) == 0);
  CHECK(out.starts_with("2 seeds from 2 on are fine"));
  out.clear();
  CHECK(run({.mutation = "quorum-too-small"}, print, no_time) == 0);
  CHECK(out.contains("again: weir simulate --mutation quorum-too-small --seed 1\n"));
  CHECK(run({.mutation = "nonsense"}, print, no_time) == 2);
  double hours = 0;
  CHECK(run({.hours = 0.5}, print, [&] { return std::exchange(hours, 1); }) == 0);
}

// A simulator that can't fail proves nothing: each rule, once broken, must be missed.
TEST_CASE("each broken rule is noticed", "[mutations]") {
  std::string table;
  for (const auto& m : mutations()) {
    if (is_slow && m.seeds_max > 100) continue;
    const auto found = hunt_mutation(m, 1, m.seeds_max);
    table += fmt::format("{:<30} {:>5}  {}\n", m.name, found.seeds,
                         found.caught ? found.caught->what : "NOTHING");
    CHECK(found.caught);
    if (found.caught) CHECK(!found.caught->last.empty());
  }
  std::cout << table;
}

}  // namespace
}  // namespace weir::sim
