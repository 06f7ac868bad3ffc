// WriteTxnMarkers (KIP-98, KIP-664, KIP-1228): ends transactions in partitions that this broker
// leads. Coordinators send it, and operators whose transaction hangs.
#include <seastar/core/coroutine.hh>

#include "core/codec/write_txn_markers.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

seastar::future<kafka::write_txn_markers_response> write_all(services& with, const request&,
                                                             kafka::write_txn_markers_request in) {
  kafka::write_txn_markers_response out;
  std::vector<wanted_marker> wanted;
  for (const auto& asked : in.markers) {
    auto& answered = out.markers.emplace_back();
    answered.producer_id = asked.producer_id;
    for (const auto& topic : asked.topics) {
      auto& told = answered.topics.emplace_back();
      told.name = topic.name;
      for (const auto index : topic.partition_indexes) {
        told.partitions.emplace_back().partition_index = index;
        wanted.push_back({.topic = topic.name.str(),
                          .partition = index,
                          .producer = producer_id(asked.producer_id),
                          .epoch = producer_epoch(asked.producer_epoch),
                          .commit = asked.transaction_result,
                          .coordinator_epoch = asked.coordinator_epoch,
                          .transaction_version = asked.transaction_version});
      }
    }
  }
  const auto codes = co_await with.markers.write(std::move(wanted));
  auto code = codes.begin();
  for (auto& answered : out.markers) {
    for (auto& topic : answered.topics) {
      for (auto& partition : topic.partitions) {
        partition.error = *code++;
        with.meters.failed(partition.error);
      }
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> write_txn_markers(services& with, request r) {
  return serve<kafka::write_txn_markers_request, &write_all>(with, std::move(r));
}

}  // namespace weir::edge
