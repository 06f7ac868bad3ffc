// ShareGroupHeartbeat: all that members of share groups say to their coordinator (KIP-932).
#include "core/codec/share_group_heartbeat.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> share_group_heartbeat(services& with, request r) {
  return serve_group<kafka::share_group_heartbeat_request, kafka::share_group_heartbeat_response>(
      with, std::move(r));
}

}  // namespace weir::edge
