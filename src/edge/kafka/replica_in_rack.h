#pragma once
// Which replica a consumer in a rack had better read from (KIP-392).
#include <string_view>

#include "edge/kafka/services.h"

namespace weir::edge {

// no_node: this broker, if it leads; whoever does not lead sends nobody on.
node_id replica_in_rack(const cluster& state, const partition_key& key, std::string_view rack);

}  // namespace weir::edge
