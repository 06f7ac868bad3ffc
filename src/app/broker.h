#pragma once
// The service stack in construction order: what a running broker is made of. On shard 0; stop()
// takes it down in reverse.
#include <seastar/core/sharded.hh>

#include <memory>
#include <string>
#include <vector>

#include "core/options/layer.h"
#include "edge/admin/admin.h"
#include "edge/kafka/server.h"
#include "engine/cluster/cluster.h"

namespace weir::app {

class broker {
 public:
  broker(option_layer options, std::string data_dir);

  // Resolves when clients are served. Throws std::runtime_error with one line for the operator.
  seastar::future<> start();
  seastar::future<> stop();

 private:
  [[nodiscard]] cluster_settings settings_of_cluster() const;
  [[nodiscard]] edge::edge_limits limits_of_edge() const;

  option_layer options_;
  std::string data_dir_;
  node_options node_;
  edge::admin admin_;
  seastar::sharded<cluster> cluster_;
  seastar::sharded<edge::server> kafka_;
  std::vector<seastar::foreign_ptr<std::unique_ptr<seastar::metrics::metric_groups>>> metrics_;
  bool cluster_made_ = false;
  bool kafka_made_ = false;
};

}  // namespace weir::app
