#pragma once
// Runs by seed (docs/simulation.md).
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/plan.h"

namespace weir::sim {

struct report {
  std::uint64_t seed = 0;
  bool ok = false;
  std::string what;                 // not ok: what broke
  std::string phase;                // and in which phase
  std::vector<std::string> phases;  // what each did
  std::vector<std::string> last;    // the last events before it broke
  std::uint64_t hash = 0;           // of everything that happened
  std::uint64_t events = 0;
  moment virtual_time = 0;
};

// One run. Nothing but the plan decides how it goes. A run that broke is run once more for its last
// events.
report simulate(const plan& rules);

// The plan as people read it.
std::string describe(const plan& rules);

}  // namespace weir::sim
