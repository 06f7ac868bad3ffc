#pragma once
// The configs of this broker as DescribeConfigs tells them: its options, and what Kafka's tools
// look for under names that Weir has not.
#include <vector>

#include "core/options/layer.h"

namespace weir {
class cluster;
}

namespace weir::edge {

// Any shard. Beside describe_broker: node.id is the number that the broker has, though its file may
// leave it to the cluster; broker.id is the same; listeners and advertised.listeners are
// kafka.listen and kafka.advertise with the protocol in front, the latter null when clients are
// told where the broker listens; no rack is null (KIP-226).
std::vector<described_option> describe_this_broker(const cluster& state);

}  // namespace weir::edge
