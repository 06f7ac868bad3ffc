// Loads on the coordinators of groups.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

// settings.clients members of one group rejoin it again and again, all at once as after somebody
// changed what it reads; each time is from the first request to the last member's assignment.
nlohmann::json rebalance(const settings& s);

// settings.clients groups commit an offset each, as fast as they are answered.
nlohmann::json commit_offsets(const settings& s);

// settings.groups groups have offsets; settings.kill_pid dies, which is the broker at place
// settings.kill_node of settings.brokers; for each group that it coordinated, the time until
// another broker knows its offsets.
nlohmann::json load_groups(const settings& s);

}  // namespace weir::load
