#pragma once
// The brokers that clients are told of: those that are up, by node id.
#include <string>
#include <vector>

#include "edge/kafka/services.h"

namespace weir::edge {

struct broker_up {
  node_id node;
  host_port at;
  std::string rack;
};
std::vector<broker_up> brokers_up(const cluster& state);
// Where one can be reached; nothing where it is not registered.
std::optional<host_port> address_of(const catalog::broker& b);
// -1: not known.
std::int32_t controller_told(const cluster& state);

}  // namespace weir::edge
