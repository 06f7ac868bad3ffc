#pragma once
// How much each broker carries once all that was begun is done: replicas, and how many of them are
// preferred leaders. Planners count on what they plan themselves, too.
#include <cstddef>
#include <map>
#include <span>

#include "core/base/ids.h"
#include "core/catalog/state.h"

namespace weir::catalog {

struct broker_load {
  std::size_t replicas = 0;
  std::size_t preferred = 0;
};

class broker_loads {
 public:
  broker_loads() = default;
  explicit broker_loads(const state& of);
  explicit broker_loads(const topic& of);

  [[nodiscard]] broker_load of(node_id node) const {
    const auto at = loads_.find(node);
    return at == loads_.end() ? broker_load{} : at->second;
  }
  void add(std::span<const node_id> replicas);
  void remove(std::span<const node_id> replicas);
  void add_replica(node_id node) { ++loads_[node].replicas; }

 private:
  std::map<node_id, broker_load> loads_;
};

}  // namespace weir::catalog
