// Durations counted in buckets whose width grows with their value, so that any percentile is known
// to within 0.4 % in a few KiB, however many were counted.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "bench/load/settings.h"

namespace weir::load {

class histogram {
 public:
  histogram();

  // Values beyond `largest` count as that in percentiles; max() stays exact.
  void add(std::uint64_t nanoseconds);
  void add_since(clock::time_point from);
  void merge(const histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  // The value that a share of `quantile` (0 to 1) of all values doesn't exceed; 0 of none.
  std::uint64_t at(double quantile) const;

  static constexpr std::uint64_t largest = (1ull << 40) - 1;  // 18 minutes

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

// {"p50", "p99", "max"}
nlohmann::json in_milliseconds(const histogram& h);

}  // namespace weir::load
