#pragma once
// What everything in a run shares: time, chance, the truth, and the network.
#include "sim/groups/plan.h"
#include "sim/replicated/brokers.h"
#include "sim/replicated/topics.h"
#include "sim/replicated/violation.h"

namespace weir::sim::groups {

using namespace replicated;  // NOLINT: the world is made of it

class oracle;

struct surroundings : replicated::surroundings {
  const plan& rules;
  oracle& truth;
};

}  // namespace weir::sim::groups
