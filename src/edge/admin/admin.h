#pragma once
// The admin interface: readiness, metrics, the state of the broker as JSON, log levels. HTTP on one
// address; listens before the broker is ready so that readiness can be asked for.
#include <seastar/core/sharded.hh>
#include <seastar/http/httpd.hh>

#include <functional>
#include <string>

#include "engine/cluster/cluster.h"

namespace weir::edge {

class admin {
 public:
  // `state` is null until the cluster is open.
  explicit admin(std::function<seastar::sharded<cluster>*()> state) : state_(std::move(state)) {}

  seastar::future<> listen(host_port at);
  void set_ready(bool ready) { ready_ = ready; }
  seastar::future<> stop();

 private:
  void set_routes(seastar::httpd::routes& to);

  std::function<seastar::sharded<cluster>*()> state_;
  seastar::httpd::http_server_control server_;
  bool started_ = false;
  bool ready_ = false;
};

// Counters and gauges of this shard's engine; they live as long as what is returned.
seastar::metrics::metric_groups engine_metrics(cluster& state);

}  // namespace weir::edge
