#include "core/catalog/broker_loads.h"

namespace weir::catalog {

broker_loads::broker_loads(const state& of) {
  for (const auto& [name, t] : of.topics()) {
    for (const auto& p : t->partitions) add(p.wanted());
  }
}

broker_loads::broker_loads(const topic& of) {
  for (const auto& p : of.partitions) add(p.wanted());
}

void broker_loads::add(std::span<const node_id> replicas) {
  for (const auto node : replicas) ++loads_[node].replicas;
  if (!replicas.empty()) ++loads_[replicas.front()].preferred;
}

void broker_loads::remove(std::span<const node_id> replicas) {
  for (const auto node : replicas) --loads_[node].replicas;
  if (!replicas.empty()) --loads_[replicas.front()].preferred;
}

}  // namespace weir::catalog
