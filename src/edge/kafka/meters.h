#pragma once
// What this shard's Kafka edge counts: requests by API with their latency, bytes, connections,
// errors by code.
#include <seastar/core/metrics.hh>
#include <seastar/core/metrics_registration.hh>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>

#include "core/codec/error_code.h"

namespace weir::edge {

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

class meters_of_shard {
 public:
  meters_of_shard();
  void answered(std::int16_t key, std::chrono::steady_clock::duration took);
  void failed(kafka::error_code code);  // an error that a client was told
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t violations = 0;
  std::int64_t in_flight = 0;
  std::uint64_t connections = 0;  // open now
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  // over a limit

 private:
  std::map<std::int16_t, latency_histogram> requests_;
  std::map<std::int16_t, std::uint64_t> errors_;
  seastar::metrics::metric_groups groups_;
};

}  // namespace weir::edge
