#pragma once
// Where the replicas of new partitions go. Of each partition no two on one broker, over as many
// racks as there are, on brokers that take work; the topic's replicas and its preferred leaders
// evenly over the brokers, then the cluster's, then the bytes on their disks.
//
// The same arguments give the same plan.
#include <cstdint>
#include <expected>
#include <string>

#include "core/base/chunked_vector.h"
#include "core/catalog/broker_loads.h"
#include "core/catalog/soft_facts.h"

namespace weir::catalog {

struct placement_fault {
  enum class kind : std::uint8_t { replication_factor, assignment, partitions };
  kind what;
  std::string message;  // in Kafka's words
};

class placement_planner {
 public:
  // What is given must stay as long as this does.
  placement_planner(const state& s, const broker_facts& facts);

  // `count` partitions of `factor` replicas each, at least 1 both: of a new topic, or behind those
  // of `grown`. Plans add up: what one call placed is load to the next one.
  std::expected<chunked_vector<replica_list>, placement_fault> place(std::int32_t count,
                                                                     std::int32_t factor,
                                                                     const topic* grown = nullptr);

 private:
  struct candidate {
    node_id id;
    std::uint32_t rack = 0;  // equal ones have the same number; who has none has one of its own
    int worth = 0;           // lower ones are taken only if need be
    std::uint64_t disk_used = 0;
  };

  void list_candidates();
  replica_list place_one(std::int32_t factor, broker_loads& of_topic);
  // The next replica beside those taken; alone: it will be the leader.
  [[nodiscard]] const candidate* best(const replica_list& taken, const broker_loads& of_topic,
                                      bool alone) const;

  const state* state_;
  const broker_facts* facts_;
  std::vector<candidate> candidates_;
  broker_loads loads_;
};

}  // namespace weir::catalog
