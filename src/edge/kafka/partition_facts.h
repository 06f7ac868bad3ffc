#pragma once
// Leader epochs and states of partitions, gathered from the shards that own them: one hop each.
#include <absl/container/flat_hash_map.h>

#include <vector>

#include "edge/kafka/services.h"

namespace weir::edge {

struct partition_fact {
  std::int32_t leader_epoch = -1;
  bool online = false;
};
using partition_facts = absl::flat_hash_map<partition_key, partition_fact>;

// Those not found stay out: they have been deleted meanwhile, or are not open yet.
seastar::future<partition_facts> gather_facts(services& with, std::vector<partition_key> keys);

}  // namespace weir::edge
