// OffsetDelete: forgets offsets of topics that the group does not read now (KIP-496).
#include "core/codec/offset_delete.h"

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

seastar::future<answer> offset_delete(services& with, request r) {
  return serve_group<kafka::offset_delete_request, kafka::offset_delete_response>(with,
                                                                                  std::move(r));
}

}  // namespace weir::edge
