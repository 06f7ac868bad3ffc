// Groups whose coordinator dies.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

// settings.groups groups have offsets, all coordinated by the broker at place settings.kill_node of
// settings.brokers, which dies: settings.kill_pid. For each, the time until another broker knows
// its offsets.
nlohmann::json load_groups(const settings& s);

}  // namespace weir::load
