#pragma once
// `weir simulate` and weir-sim: many runs and what is told of them.
#include <functional>
#include <optional>
#include <string_view>

#include "sim/simulate.h"

namespace weir::sim {

struct command {
  std::string world = "raft";  // raft, groups or transactions
  std::uint64_t seed = 1;      // the first one
  std::uint64_t seeds = 1;
  double hours = 0;                // not 0: take new seeds for so long, whatever `seeds` says
  bool check_determinism = false;  // run each seed twice and compare
  std::string mutation;            // break this rule; "all": each of them, as a table
  bool verbose = false;            // tell the plan and the phases of each run
};

// Prints as it goes. 0: all as it should be; 1: a run failed, or a broken rule was not noticed;
// 2: no such world or mutation. `hours_passed`: since the start.
int run(const command& what, const std::function<void(std::string_view)>& print,
        const std::function<double()>& hours_passed);

// Breaks a rule in run after run until one notices.
struct hunt {
  std::uint64_t seeds = 0;  // tried
  std::optional<report> caught;
};
hunt hunt_mutation(const mutation& m, std::uint64_t first_seed, std::uint64_t seeds_max);

}  // namespace weir::sim
