#include "edge/kafka/brokers_up.h"

namespace weir::edge {

std::optional<host_port> address_of(const catalog::broker& b) {
  if (b.listeners.empty()) return std::nullopt;
  return b.listeners.front().at;
}

std::vector<broker_up> brokers_up(const cluster& state) {
  std::vector<broker_up> out;
  for (const auto& [id, b] : state.catalog().brokers()) {
    if (!state.alive(id)) continue;
    if (const auto at = address_of(b)) out.push_back({.node = id, .at = *at, .rack = b.rack});
  }
  return out;
}

std::int32_t controller_told(const cluster& state) {
  // Whoever leads group 0; each broker passes commands on, so any of them would do. Clients
  // wait for one that is in no list of brokers, since it has not registered yet, or that just died.
  const auto known = state.controller();
  const auto* broker = state.catalog().find_broker(known);
  const bool listed = broker && address_of(*broker) && state.audible(known);
  return listed ? known.value() : state.settings().self.value();
}

}  // namespace weir::edge
