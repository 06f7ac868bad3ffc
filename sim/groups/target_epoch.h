#pragma once
#include <string>

#include "core/group/consumer_record.h"
#include "sim/replicated/violation.h"

namespace weir::sim::groups {

// What holds of the target of a group of KIP-848 and of a streams group alike.
template <typename Truth>
void put_target(const std::string& group, Truth& g, const group::target_epoch_record& r) {
  if (!r.value) return;
  require(r.value->epoch >= g.target, "{} goes back from target {} to {}", group, g.target,
          r.value->epoch);
  require(r.value->epoch <= g.epoch, "{} has a target for epoch {} in epoch {}", group,
          r.value->epoch, g.epoch);
  g.target = r.value->epoch;
}

}  // namespace weir::sim::groups
