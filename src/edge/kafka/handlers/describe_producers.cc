// DescribeProducers (KIP-664): whom a partition's leader remembers, and who has a transaction open.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/codec/describe_producers.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using told_partition = kafka::describe_producers_response::partition;
using states = std::vector<log::producer_sequences::producer_state>;

std::expected<states, error_code> look(cluster& c, const partition_key& key) {
  const auto* r = c.find(key);
  if (!r)
    return std::unexpected(c.offline(key) ? error_code::kafka_storage_error
                                          : error_code::not_leader_or_follower);
  if (const auto serves = r->check_serves(); !serves)
    return std::unexpected(code_of(serves.error()));
  const auto& all = r->log().producers().all();
  return states(all.begin(), all.end());
}

void tell(told_partition& out, const states& all) {
  for (const auto& s : all) {
    auto& one = out.active_producers.emplace_back();
    one.producer_id = s.id.value();
    one.producer_epoch = s.epoch.value();
    one.coordinator_epoch = s.coordinator_epoch;
    if (s.open()) one.current_txn_start_offset = s.transaction_start.value();
    const bool marker_last = s.count == 0 || s.marked_at > s.batches[s.count - 1].index;
    if (s.count > 0) one.last_sequence = s.batches[s.count - 1].last_sequence;
    one.last_timestamp =
        (marker_last ? s.marker_time : s.batches[s.count - 1].max_timestamp).value();
  }
}

seastar::future<kafka::describe_producers_response> describe(services& with, const request&,
                                                             kafka::describe_producers_request in) {
  kafka::describe_producers_response out;
  for (const auto& topic : in.topics) {
    auto& answered = out.topics.emplace_back();
    answered.name = topic.name;
    const auto* known = with.state.catalog().find(topic.name.view());
    const auto count = known ? static_cast<std::int32_t>(known->partitions.size()) : 0;
    const auto id = known ? known->id : uuid();
    for (const auto index : topic.partition_indexes) {
      auto& told = answered.partitions.emplace_back();
      told.partition_index = index;
      if (index < 0 || index >= count) {
        told.error = error_code::unknown_topic_or_partition;
      } else {
        const partition_key key{id, index};
        const auto all = co_await with.state.container().invoke_on(
            with.state.shard_of(key), [key](cluster& c) { return look(c, key); });
        if (all) {
          tell(told, *all);
        } else {
          told.error = all.error();
        }
      }
      with.meters.failed(told.error);
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> describe_producers(services& with, request r) {
  return serve<kafka::describe_producers_request, &describe>(with, std::move(r));
}

}  // namespace weir::edge
