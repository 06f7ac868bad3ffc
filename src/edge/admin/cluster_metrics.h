#pragma once
#include <seastar/core/metrics_registration.hh>

#include "engine/cluster/cluster.h"

namespace weir::edge {

// The cluster as this broker knows it: shard 0 tells it.
void add_cluster_metrics(seastar::metrics::metric_groups& groups, const cluster& state);
// The Raft groups of this shard's copies.
void add_raft_metrics(seastar::metrics::metric_groups& groups, const cluster& state);

}  // namespace weir::edge
