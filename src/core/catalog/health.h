#pragma once
// How the cluster is, from its state and from what is known of it for the moment: what an operator
// asks first, and what a rolling restart asks before each broker.
#include <cstddef>
#include <vector>

#include "core/base/partition_key.h"
#include "core/catalog/breath.h"
#include "core/catalog/leader_table.h"
#include "core/catalog/soft_facts.h"

namespace weir::catalog {

// Partitions, counted, with the first few of them.
struct partition_list {
  static constexpr std::size_t shown_max = 32;
  std::size_t count = 0;
  std::vector<partition_key> some;
  void add(const partition_key& key) {
    if (count++ < shown_max) some.push_back(key);
  }
};

struct decommission {
  node_id broker;
  std::size_t replicas_left = 0;
  std::size_t moving = 0;  // of those left, on their way already
};

struct cluster_health {
  std::size_t brokers = 0;
  std::size_t partitions = 0;
  std::vector<node_id> down;
  std::vector<node_id> in_maintenance;
  std::vector<decommission> decommissions;
  partition_list leaderless;        // nobody who is up is known to lead it
  partition_list offline;           // too few copies are up to elect anybody
  partition_list under_replicated;  // some copy is down or behind
  std::size_t reassigning = 0;
  [[nodiscard]] bool healthy() const {
    return down.empty() && leaderless.count == 0 && under_replicated.count == 0;
  }
};

cluster_health health_of(const state& s, const broker_facts& facts, const leader_table& leaders,
                         const breath& b = {});

// What would happen if this broker stopped now.
struct stop_risk {
  partition_list without_majority;  // could not be written to any more, though they can now
  partition_list last_copy;         // of those, the ones that have no other copy at all
  std::size_t leaders = 0;          // would have to be elected elsewhere
  [[nodiscard]] bool safe() const { return without_majority.count == 0; }
};

// Partitions that have no majority already don't count: waiting would not help them. Nor is group 0
// looked at, which is not in the state.
stop_risk risk_of_stopping(const state& s, const broker_facts& facts, const leader_table& leaders,
                           node_id broker, const breath& b = {});

}  // namespace weir::catalog
