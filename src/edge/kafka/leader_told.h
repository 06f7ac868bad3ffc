#pragma once
// Whoever asked a broker that does not lead is told who does (KIP-951), so that it need not look at
// its metadata first.
#include <algorithm>

#include "edge/kafka/brokers_up.h"

namespace weir::edge {

// `partition` is one of the answers in `out`: of Produce or Fetch, in a version that has the
// fields.
template <typename Partition, typename Response>
void tell_leader(const cluster& state, const partition_key& key, Partition& partition,
                 Response& out) {
  const auto leader = state.leader_of(key);
  if (leader.node == catalog::no_node || !state.alive(leader.node)) return;
  partition.current_leader.leader_id = leader.node.value();
  partition.current_leader.leader_epoch = leader.epoch;
  const bool told = std::ranges::any_of(
      out.node_endpoints, [&](const auto& n) { return n.node_id == leader.node.value(); });
  const auto* broker = state.catalog().find_broker(leader.node);
  const auto at = broker ? address_of(*broker) : std::nullopt;
  if (told || !at) return;
  auto& node = out.node_endpoints.emplace_back();
  node.node_id = leader.node.value();
  node.host = text(at->host);
  node.port = at->port;
  if (!broker->rack.empty()) node.rack = text(broker->rack);
}

}  // namespace weir::edge
