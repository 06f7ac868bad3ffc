#pragma once
// How long things take, as a metric.
#include <seastar/core/metrics.hh>

#include <array>
#include <chrono>
#include <cstdint>

namespace weir {

// Latencies in buckets that double from 64 µs on: bounded error, no allocation.
class latency_histogram {
 public:
  static constexpr std::size_t bucket_count = 22;  // the last one ends at about two minutes
  void add(std::chrono::steady_clock::duration took);
  [[nodiscard]] seastar::metrics::histogram figures() const;
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::array<std::uint64_t, bucket_count> buckets_{};
  std::uint64_t count_ = 0;
  double seconds_ = 0;
};

}  // namespace weir
