// LeaveGroup: members leave before their session ends (KIP-345: several at once).
#include "core/codec/leave_group.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> leave_group(services& with, request r) {
  return serve_group<kafka::leave_group_request, kafka::leave_group_response>(with, std::move(r));
}

}  // namespace weir::edge
