#pragma once
// What this shard's Kafka edge counts: requests by API with their latency, bytes, connections,
// errors by code.
#include <seastar/core/metrics_registration.hh>

#include <chrono>
#include <cstdint>
#include <map>

#include "core/codec/error_code.h"
#include "engine/runtime/latency_histogram.h"

namespace weir::edge {

class meters_of_shard {
 public:
  meters_of_shard();
  void answered(std::int16_t key, std::chrono::steady_clock::duration took);
  void failed(kafka::error_code code);  // an error that a client was told
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t violations = 0;
  std::uint64_t waits_for_elections = 0;
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
