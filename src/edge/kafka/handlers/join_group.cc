// JoinGroup: becomes a member, and waits until the group has a generation with it.
#include "core/codec/join_group.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> join_group(services& with, request r) {
  return serve_waiting<kafka::join_group_request, kafka::join_group_response>(with, std::move(r));
}

}  // namespace weir::edge
