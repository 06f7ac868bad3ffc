#pragma once
// What the tests of all worlds of coordinators ask: repeated seeds, broken rules, WEIR_SEED and
// WEIR_SEEDS.
#include <fmt/format.h>

#include <catch2/catch_all.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace weir::sim {

#ifdef WEIR_CHECKED
inline constexpr bool is_slow = true;  // the sanitizers' builds
#else
inline constexpr bool is_slow = false;
#endif

// WEIR_SEED: only this one. WEIR_SEEDS: so many.
inline std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

inline std::uint64_t first_seed() {
  return number("WEIR_SEED", 1);
}

inline std::uint64_t count_of_seeds(std::uint64_t otherwise) {
  return number("WEIR_SEEDS", std::getenv("WEIR_SEED") ? 1 : otherwise);
}

// `run` is given a seed.
template <typename Run>
void check_repeats(std::uint64_t seeds, Run run) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto first = run(seed);
    const auto second = run(seed);
    CHECK(first.hash == second.hash);
    CHECK(first.events == second.events);
    CHECK(first.hash != run(seed + seeds).hash);
  }
}

// A simulator that can't fail proves nothing: each rule, once broken, must be missed. `run` is
// given a seed and what breaks the rule. WEIR_MUTATION: only this one, and what became of it.
template <typename Mutations, typename Run, typename Told>
void check_mutations(const Mutations& all, Run run, Told told) {
  std::string table;
  const char* only = std::getenv("WEIR_MUTATION");
  for (const auto& m : all) {
    if (only && m.name != only) continue;
    if (is_slow && m.seeds_max > 100) continue;
    std::uint64_t seed = 1;
    auto caught = run(seed, m);
    while (caught.ok && seed < m.seeds_max) caught = run(++seed, m);
    table += fmt::format("| {} | {} | {} |\n", m.name, seed, caught.ok ? "NOTHING" : caught.what);
    CHECK_FALSE(caught.ok);
    if (only) std::cout << told(caught);
  }
  std::cout << table;
}

}  // namespace weir::sim
