// Heartbeat: a member is still there.
#include "core/codec/heartbeat.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> heartbeat(services& with, request r) {
  return serve_group<kafka::heartbeat_request, kafka::heartbeat_response>(with, std::move(r));
}

}  // namespace weir::edge
