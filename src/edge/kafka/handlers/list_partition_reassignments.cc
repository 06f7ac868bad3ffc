// ListPartitionReassignments (KIP-455): which partitions are on their way, and between which
// brokers.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/catalog/reassignment_request.h"
#include "core/codec/list_partition_reassignments.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using told_topic = kafka::list_partition_reassignments_response::topic;

void tell(const catalog::ongoing_reassignment& moving, told_topic& out) {
  auto& p = out.partitions.emplace_back();
  p.partition_index = moving.key.partition;
  for (const auto node : moving.replicas) p.replicas.push_back(node.value());
  for (const auto node : moving.adding) p.adding_replicas.push_back(node.value());
  for (const auto node : moving.removing) p.removing_replicas.push_back(node.value());
}

// Those asked for that do not move, or that nobody knows, are left out.
seastar::future<kafka::list_partition_reassignments_response> list(
    services& with, const request&, kafka::list_partition_reassignments_request in) {
  kafka::list_partition_reassignments_response out;
  out.error_message.reset();
  const auto& known = with.state.catalog();
  if (!in.topics) {
    std::optional<uuid> last;
    for (const auto& moving : catalog::all_ongoing(known)) {
      if (moving.key.topic_id != last) {
        last = moving.key.topic_id;
        out.topics.emplace_back().name = text(known.find(moving.key.topic_id)->name);
      }
      tell(moving, out.topics.back());
    }
    co_return out;
  }
  for (const auto& asked : *in.topics) {
    told_topic told;
    told.name = asked.name;
    for (const auto index : asked.partition_indexes) {
      // Looked up each time: it may be deleted while others get on.
      const auto* t = known.find(asked.name.view());
      if (!t) break;
      if (const auto moving = catalog::ongoing(known, {t->id, index})) tell(*moving, told);
      co_await seastar::coroutine::maybe_yield();
    }
    if (!told.partitions.empty()) out.topics.push_back(std::move(told));
  }
  co_return out;
}

}  // namespace

seastar::future<answer> list_partition_reassignments(services& with, request r) {
  return serve<kafka::list_partition_reassignments_request, &list>(with, std::move(r));
}

}  // namespace weir::edge
