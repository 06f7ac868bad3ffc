#pragma once
// The service stack in construction order: what a running broker is made of. On shard 0; stop()
// takes it down in reverse.
#include <seastar/core/sharded.hh>

#include <memory>
#include <string>
#include <vector>

#include "app/transaction_questions.h"
#include "core/options/layer.h"
#include "edge/admin/admin.h"
#include "edge/kafka/server.h"
#include "engine/cluster/cluster.h"
#include "engine/coordinator/coordination.h"
#include "engine/share/share_reading.h"

namespace weir::app {

class broker {
 public:
  // `node`: the number that it was started with; -1: none.
  broker(option_layer options, std::string data_dir, node_id node);

  // Resolves when clients are served: takes until enough brokers of the cluster are up. Throws
  // std::runtime_error with one line for the operator.
  seastar::future<> start();
  // Makes a start() that waits for others fail.
  void interrupt();
  seastar::future<> stop();

 private:
  [[nodiscard]] cluster_settings settings_of_cluster() const;
  [[nodiscard]] peer::peer_settings settings_of_peers() const;
  seastar::future<> start_peers();
  [[nodiscard]] edge::edge_limits limits_of_edge() const;

  option_layer options_;
  std::string data_dir_;
  node_id wished_;
  node_options node_;
  edge::admin admin_;
  seastar::sharded<peer::peer_links> peers_;
  seastar::sharded<cluster> cluster_;
  coordination coordination_;
  transaction_questions questions_{coordination_};
  seastar::sharded<share_reading> shares_;
  seastar::sharded<edge::server> kafka_;
  std::vector<seastar::foreign_ptr<std::unique_ptr<seastar::metrics::metric_groups>>> metrics_;
  bool peers_made_ = false;
  bool cluster_made_ = false;
  bool shares_made_ = false;
  bool kafka_made_ = false;
};

}  // namespace weir::app
