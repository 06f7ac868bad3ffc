#pragma once
// What an operator asks of the cluster, through the admin interface. On shard 0. What can't be done
// is thrown as an HTTP error that says why: 404 what does not exist, 400 what makes no sense, 409
// what the state forbids, 503 and 504 where nobody could do it or nobody knows whether it was done.
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/cluster/cluster.h"

namespace weir::edge {

// All replicas of the broker are to go elsewhere; answers how that stands. Asking again is no
// error.
seastar::future<nlohmann::json> decommission(cluster& state, node_id id);
seastar::future<nlohmann::json> recommission(cluster& state, node_id id);
// Its leaders are to go elsewhere, and stay there until it ends.
seastar::future<nlohmann::json> begin_maintenance(cluster& state, node_id id);
seastar::future<nlohmann::json> end_maintenance(cluster& state, node_id id);
// A broker that is down for good and holds nothing is no longer one of the cluster.
seastar::future<nlohmann::json> forget_broker(cluster& state, node_id id);
// Without a target: to the preferred replica, or to another one if that leads. Waits until it
// leads.
seastar::future<nlohmann::json> transfer_leadership(cluster& state, partition_key key,
                                                    std::optional<node_id> target);

}  // namespace weir::edge
