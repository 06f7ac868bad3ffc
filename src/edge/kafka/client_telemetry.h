#pragma once
// What this shard knows of clients that push metrics (KIP-714), and what they pushed: shown among
// the broker's own metrics, under the name of the client's metric, for a bounded number of names.
#include <seastar/core/metrics_registration.hh>
#include <seastar/core/semaphore.hh>

#include <map>
#include <string>

#include "core/telemetry/client_instances.h"
#include "core/telemetry/metric_board.h"
#include "core/telemetry/subscriptions.h"
#include "edge/kafka/request.h"

namespace weir {
class cluster;
}

namespace weir::edge {

class client_telemetry {
 public:
  client_telemetry();

  // What a client is to push now.
  telemetry::view view_of(const cluster& state, const request& r, const uuid& instance);
  [[nodiscard]] telemetry::client_instances& instances() { return instances_; }
  // Held by who unpacks a push, so that few of them take memory at a time.
  [[nodiscard]] seastar::semaphore& unpacking() { return unpacking_; }
  void add(const telemetry::metric& m);
  void count_push(std::size_t bytes);
  static telemetry::client_instances::time now();

 private:
  void show(const std::string& name, telemetry::metric_board::figures* figures);

  telemetry::client_instances instances_;
  telemetry::metric_board board_;
  seastar::semaphore unpacking_{2};
  // As parsed from the configs, at that version of the cluster's state.
  std::vector<telemetry::subscription> subscriptions_;
  std::uint64_t subscriptions_version_ = 0;
  std::uint64_t pushes_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, seastar::metrics::metric_groups, std::less<>> shown_;
  seastar::metrics::metric_groups groups_;
};

}  // namespace weir::edge
