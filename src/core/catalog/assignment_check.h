#pragma once
// What a client wants to be where (CreateTopics and CreatePartitions with assignments), checked as
// Kafka does it and told in its words.
#include <expected>
#include <optional>
#include <vector>

#include "core/catalog/placement_planner.h"

namespace weir::catalog {

struct wished_partition {
  std::int32_t partition;
  replica_list replicas;
};

// Of one partition. `factor`: how many replicas the partitions before have, if any.
std::expected<void, placement_fault> check_assignment(const state& s, const broker_facts& facts,
                                                      const wished_partition& wished,
                                                      std::optional<std::size_t> factor);

// Of all of a new topic's, in any order: they are to be 0, 1, 2… Gives the replicas in that order.
std::expected<std::vector<replica_list>, placement_fault> check_assignments(
    const state& s, const broker_facts& facts, std::vector<wished_partition> wished);

}  // namespace weir::catalog
