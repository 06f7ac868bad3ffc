// Members of one group that join again and again.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

// settings.clients members, all at once as after somebody changed what they read; each time is from
// the first request to the last member's assignment.
nlohmann::json rebalance(const settings& s);

}  // namespace weir::load
