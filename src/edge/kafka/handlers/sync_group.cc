// SyncGroup: the leader hands in the assignment, all others wait for theirs.
#include "core/codec/sync_group.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> sync_group(services& with, request r) {
  return serve_waiting<kafka::sync_group_request, kafka::sync_group_response>(with, std::move(r));
}

}  // namespace weir::edge
