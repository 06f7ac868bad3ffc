// ConsumerGroupHeartbeat: all that members of the newer protocol say (KIP-848).
#include "core/codec/consumer_group_heartbeat.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> consumer_group_heartbeat(services& with, request r) {
  return serve_group<kafka::consumer_group_heartbeat_request,
                     kafka::consumer_group_heartbeat_response>(with, std::move(r));
}

}  // namespace weir::edge
