#pragma once
// Making topics: what CreateTopics and the automatic creation of Metadata share.
#include <string>
#include <vector>

#include "core/codec/error_code.h"
#include "edge/kafka/services.h"

namespace weir::edge {

inline constexpr std::int32_t topic_partitions_max = 10'000;

struct new_topic_plan {
  std::string name;
  std::vector<std::vector<std::int32_t>> partitions;  // replicas of each
  option_layer configs;
};

// A topic with the defaults for count and replicas.
new_topic_plan default_topic(const cluster& state, std::string name);
// none, or topic_already_exists where somebody was faster.
seastar::future<kafka::error_code> create(services& with, const new_topic_plan& plan, uuid id);

}  // namespace weir::edge
