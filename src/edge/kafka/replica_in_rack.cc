#include "edge/kafka/replica_in_rack.h"

namespace weir::edge {

node_id replica_in_rack(const cluster& state, const partition_key& key, std::string_view rack) {
  const auto self = state.settings().self;
  const auto* known = state.leaders().find(key);
  const auto* at = state.catalog().find(key);
  if (!at || !known || known->leader != self) return catalog::no_node;
  const auto is_there = [&](node_id node) {
    const auto* broker = state.catalog().find_broker(node);
    return broker && broker->rack == rack;
  };
  if (is_there(self)) return catalog::no_node;
  catalog::replica_list there;
  for (const auto node : at->replicas()) {
    if (is_there(node) && state.alive(node) && !known->is_behind(node)) there.push_back(node);
  }
  if (there.empty()) return catalog::no_node;
  // The same one each time, and another one for another partition.
  return there[static_cast<std::size_t>(key.partition) % there.size()];
}

}  // namespace weir::edge
