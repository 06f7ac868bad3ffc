#pragma once
// Making topics: what CreateTopics and the automatic creation of Metadata share.
#include <string>
#include <vector>

#include "core/catalog/placement_planner.h"
#include "core/codec/error_code.h"
#include "edge/kafka/services.h"

namespace weir::edge {

inline constexpr std::int32_t topic_partitions_max = 10'000;

struct new_topic_plan {
  std::string name;
  chunked_vector<catalog::replica_list> partitions;  // replicas of each
  option_layer configs;
};

// A topic with the defaults for count and replicas; nothing where it can't be placed.
std::optional<new_topic_plan> default_topic(const cluster& state, std::string name);
kafka::error_code code_of(catalog::placement_fault::kind fault);
// none, or topic_already_exists where somebody was faster.
seastar::future<kafka::error_code> create(services& with, const new_topic_plan& plan, uuid id);

}  // namespace weir::edge
