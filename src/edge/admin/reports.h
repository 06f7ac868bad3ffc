#pragma once
// What the admin interface tells of this broker, as JSON. From shard 0; each gathers from all
// shards.
#include <nlohmann/json.hpp>
#include <string>

#include "engine/cluster/cluster.h"

namespace weir::edge {

seastar::future<nlohmann::json> report_cluster(cluster& state);
// This broker's copies, of one topic, or of all where `topic` is empty.
seastar::future<nlohmann::json> report_partitions(cluster& state, std::string topic);
// Whether the broker can do what it is for, and what it lacks if not.
seastar::future<nlohmann::json> report_status(cluster& state);
seastar::future<nlohmann::json> report_cache(cluster& state);
seastar::future<nlohmann::json> report_config(cluster& state);

}  // namespace weir::edge
