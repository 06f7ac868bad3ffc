#include "engine/runtime/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace weir {
namespace {

constexpr std::uint64_t first_bucket_us = 64;

}  // namespace

void latency_histogram::add(std::chrono::steady_clock::duration took) {
  const auto us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  const auto bucket = static_cast<std::size_t>(std::bit_width(us / first_bucket_us));
  ++buckets_[std::min(bucket, bucket_count - 1)];
  ++count_;
  seconds_ += static_cast<double>(us) * 1e-6;
}

seastar::metrics::histogram latency_histogram::figures() const {
  seastar::metrics::histogram h;
  h.sample_count = count_;
  h.sample_sum = seconds_;
  std::uint64_t below = 0;
  double bound = first_bucket_us * 1e-6;
  for (const auto in_bucket : buckets_) {
    below += in_bucket;
    h.buckets.push_back({.count = below, .upper_bound = bound});
    bound *= 2;
  }
  return h;
}

}  // namespace weir
