#pragma once
// What can be simulated: each world by its name, as the command line sees it (docs/simulation.md).
#include <functional>
#include <string>
#include <vector>

#include "sim/simulate.h"

namespace weir::sim {

struct kind_of_world {
  std::string name;
  // One run; with a broken rule, if one is named.
  std::function<report(std::uint64_t seed, const std::string& mutation)> run;
  std::function<std::string(std::uint64_t seed)> plan;  // in words
  std::vector<std::string> mutations;
  std::uint64_t hunt_seeds = 0;  // within which a broken rule must be noticed
};
const std::vector<kind_of_world>& kinds_of_worlds();
// Null: there is none of that name.
const kind_of_world* find_kind_of_world(const std::string& name);

}  // namespace weir::sim
