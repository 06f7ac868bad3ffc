// WriteTxnMarkers (KIP-98, KIP-664, KIP-1228): ends transactions in partitions that this broker
// leads. Coordinators send it, and operators whose transaction hangs.
#include "core/codec/write_txn_markers.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

seastar::future<kafka::write_txn_markers_response> write_all(services& with, const request&,
                                                             kafka::write_txn_markers_request in) {
  auto out = co_await with.markers.answer(std::move(in));
  for (const auto& marker : out.markers) {
    for (const auto& topic : marker.topics) {
      for (const auto& partition : topic.partitions) with.meters.failed(partition.error);
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> write_txn_markers(services& with, request r) {
  return serve<kafka::write_txn_markers_request, &write_all>(with, std::move(r));
}

}  // namespace weir::edge
