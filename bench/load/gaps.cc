#include "bench/load/gaps.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::load {
namespace {

double percentile(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]) / 1e6;
}

}  // namespace

void ack_gaps::acknowledged(std::int32_t partition, std::int64_t now) {
  const std::scoped_lock lock(counting_);
  if (partition < 0 || static_cast<std::size_t>(partition) >= of_.size()) return;
  auto& p = of_[static_cast<std::size_t>(partition)];
  if (begun_) {
    p.again = true;
    p.longest = std::max(p.longest, now - p.last);
  }
  p.last = std::max(p.last, now);
}

void ack_gaps::begin() {
  const std::scoped_lock lock(counting_);
  begun_ = true;
}

nlohmann::json ack_gaps::end(const std::vector<bool>& led, std::int64_t now) {
  const std::scoped_lock lock(counting_);
  nlohmann::json out;
  for (const bool of_led : {true, false}) {
    std::vector<std::int64_t> gaps;
    int silent = 0;
    for (std::size_t i = 0; i < of_.size(); ++i) {
      if (led[i] != of_led) continue;
      // What has not come by now is missing for at least so long.
      gaps.push_back(std::max(of_[i].longest, now - of_[i].last));
      if (!of_[i].again) ++silent;
    }
    std::ranges::sort(gaps);
    out[of_led ? "led" : "others"] = {{"count", gaps.size()},
                                      {"silent", silent},
                                      {"p50", percentile(gaps, 0.5)},
                                      {"p99", percentile(gaps, 0.99)},
                                      {"max", percentile(gaps, 1)}};
  }
  return out;
}

}  // namespace weir::load
