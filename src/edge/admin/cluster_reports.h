#pragma once
// What the admin interface tells of the cluster, as this broker knows it. On shard 0.
#include <nlohmann/json.hpp>
#include <string>

#include "engine/cluster/cluster.h"

namespace weir::edge {

// The registered broker of that id, or not_found is thrown.
const catalog::broker& broker_of(const cluster& state, node_id id);
// The partition, or not_found is thrown.
partition_key partition_of(const cluster& state, const std::string& topic, std::int32_t partition);

nlohmann::json report_brokers(const cluster& state);
nlohmann::json report_broker(const cluster& state, node_id id);
// How far its decommissioning is, and what is in the way of it.
seastar::future<nlohmann::json> report_decommission(cluster& state, node_id id);
seastar::future<nlohmann::json> report_health(cluster& state);
// What would happen if the broker stopped now.
seastar::future<nlohmann::json> report_stop_risk(cluster& state, node_id id);
nlohmann::json report_partition(const cluster& state, const partition_key& key);
// Of one topic, or of all where `topic` is empty: what report_partition() says of each.
seastar::future<nlohmann::json> report_placed(const cluster& state, std::string topic);

}  // namespace weir::edge
