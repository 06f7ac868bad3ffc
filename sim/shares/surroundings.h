#pragma once
// What everything in a run shares: time, chance, the truth, and the network.
#include "sim/replicated/topics.h"
#include "sim/replicated/violation.h"
#include "sim/shares/plan.h"

namespace weir::sim::shares {

class oracle;

struct surroundings : replicated::surroundings {
  const plan& rules;
  oracle& truth;
};

}  // namespace weir::sim::shares
