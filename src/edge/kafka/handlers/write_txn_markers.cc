// WriteTxnMarkers (KIP-98, KIP-664, KIP-1228): ends transactions in partitions that this broker
// leads. Coordinators send it, and operators whose transaction hangs.
#include <seastar/core/coroutine.hh>
#include <seastar/core/loop.hh>

#include "core/codec/write_txn_markers.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"
#include "engine/cluster/write_marker.h"

namespace weir::edge {
namespace {

using kafka::error_code;

constexpr std::size_t at_once = 256;

struct writing {
  partition_key key;
  marker_order order;
  error_code* out;
};

seastar::future<> write(services& with, writing& one) {
  const auto done = co_await write_marker(with.state, one.key, one.order);
  if (!done) *one.out = code_of(done.error());
}

marker_order order_of(const kafka::write_txn_markers_request::marker& asked) {
  return {
      .marker = {.producer = producer_id(asked.producer_id),
                 .epoch = producer_epoch(asked.producer_epoch),
                 .kind = asked.transaction_result ? record::marker::commit : record::marker::abort,
                 .coordinator_epoch = asked.coordinator_epoch},
      .version = asked.transaction_version};
}

seastar::future<kafka::write_txn_markers_response> write_all(services& with, const request&,
                                                             kafka::write_txn_markers_request in) {
  kafka::write_txn_markers_response out;
  std::vector<writing> work;
  for (const auto& asked : in.markers) {
    auto& answered = out.markers.emplace_back();
    answered.producer_id = asked.producer_id;
    for (const auto& topic : asked.topics) {
      auto& told = answered.topics.emplace_back();
      told.name = topic.name;
      const auto* known = with.state.catalog().find(topic.name.view());
      const auto count = known ? static_cast<std::int32_t>(known->partitions.size()) : 0;
      told.partitions.resize(topic.partition_indexes.size());
      for (std::size_t i = 0; i < topic.partition_indexes.size(); ++i) {
        const auto index = topic.partition_indexes[i];
        auto& partition = told.partitions[i];
        partition.partition_index = index;
        if (index < 0 || index >= count) {
          partition.error = error_code::unknown_topic_or_partition;
        } else {
          work.push_back(
              {.key = {known->id, index}, .order = order_of(asked), .out = &partition.error});
        }
      }
    }
  }
  // Nothing of the answer grows from here on.
  co_await seastar::max_concurrent_for_each(work, at_once,
                                            [&with](writing& one) { return write(with, one); });
  for (const auto& one : work) with.meters.failed(*one.out);
  co_return out;
}

}  // namespace

seastar::future<answer> write_txn_markers(services& with, request r) {
  return serve<kafka::write_txn_markers_request, &write_all>(with, std::move(r));
}

}  // namespace weir::edge
