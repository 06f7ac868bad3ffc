#pragma once
// What a topic's configs mean for produced batches, worked out once per change of the configs.
#include <absl/container/flat_hash_map.h>

#include "core/record/validate.h"
#include "engine/cluster/cluster.h"

namespace weir::edge {

// The broker's clock, as records get it.
timestamp wall_clock();

struct topic_rules {
  record::produce_rules record;
  std::size_t min_insync = 1;
  std::uint64_t version = 0;  // of the cluster state that this was worked out from

  [[nodiscard]] record::produce_rules for_partition(const std::string& topic,
                                                    std::int32_t partition, timestamp now) const;
};

class topic_rules_cache {
 public:
  // Valid until the next call.
  const topic_rules& of(const cluster& state, const catalog::topic& topic);

 private:
  absl::flat_hash_map<uuid, topic_rules> rules_;
};

}  // namespace weir::edge
