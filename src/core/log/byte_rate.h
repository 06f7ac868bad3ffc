#pragma once
// How long to wait so that bytes moved in the background stay below a rate.
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weir::log {

class byte_rate {
 public:
  using clock_time = std::chrono::nanoseconds;  // since any fixed moment
  static constexpr std::uint64_t unlimited = UINT64_MAX;

  // `bytes` were moved at `now`: what to wait before moving more. Time in which nothing was moved
  // counts for at most a tenth of a second.
  clock_time spend(std::uint64_t bytes, clock_time now, std::uint64_t bytes_per_second) {
    if (bytes_per_second == unlimited) return {};
    constexpr clock_time burst = std::chrono::milliseconds(100);
    const std::chrono::duration<double> cost(
        static_cast<double>(bytes) /
        static_cast<double>(std::max<std::uint64_t>(bytes_per_second, 1)));
    // An hour bounds what one call can ask for, whatever the rate is.
    constexpr std::chrono::duration<double> most = std::chrono::hours(1);
    paid_until_ = std::max(paid_until_, now - burst) +
                  std::chrono::duration_cast<clock_time>(std::min(cost, most));
    return std::max(clock_time{}, paid_until_ - now);
  }

 private:
  clock_time paid_until_{};
};

}  // namespace weir::log
