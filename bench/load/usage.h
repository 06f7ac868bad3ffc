// CPU time of this process and of the brokers, and how much of both a stretch of time took.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "bench/load/settings.h"

namespace weir::load {

struct usage {
  clock::time_point at;
  double client = 0;  // CPU seconds
  double broker = 0;
};

usage usage_now(const std::vector<int>& broker_pids);

// {"seconds", "client_cpu", "broker_cpu"}
nlohmann::json difference(const usage& from, const usage& to);

// Work for the warm-up, then for the measured time, and what the latter took. `run` works until
// then; told whether what it does counts.
nlohmann::json measured(const settings& s,
                        const std::function<void(clock::time_point until, bool counted)>& run);

}  // namespace weir::load
