// OffsetForLeaderEpoch (KIP-101, KIP-279): where an epoch ended here.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/codec/offset_for_leader_epoch.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using told_partition = kafka::offset_for_leader_epoch_response::epoch_end_offset;

told_partition look(cluster& c, const partition_key& key, std::int32_t current,
                    std::int32_t asked) {
  told_partition out;
  out.partition = key.partition;
  const auto* r = c.find(key);
  if (!r) {
    out.error =
        c.offline(key) ? error_code::kafka_storage_error : error_code::not_leader_or_follower;
  } else if (const auto epoch = r->check_epoch(current); !epoch) {
    out.error = code_of(epoch.error());
  } else if (!r->check_serves()) {
    // A follower's log may end sooner, which would look like records that are gone.
    out.error = error_code::not_leader_or_follower;
  } else {
    const auto end = r->end_of_epoch(asked);
    out.leader_epoch = end.epoch;
    out.end_offset = end.end.value();
  }
  return out;
}

seastar::future<kafka::offset_for_leader_epoch_response> tell(
    services& with, const request&, kafka::offset_for_leader_epoch_request in) {
  kafka::offset_for_leader_epoch_response out;
  for (const auto& topic : in.topics) {
    auto& answered = out.topics.emplace_back();
    answered.topic = topic.topic;
    for (const auto& asked : topic.partitions) {
      told_partition told;
      told.partition = asked.partition;
      const auto* known = with.state.catalog().find(topic.topic.view());
      if (!known || asked.partition < 0 ||
          static_cast<std::size_t>(asked.partition) >= known->partitions.size()) {
        told.error = error_code::unknown_topic_or_partition;
      } else {
        const partition_key key{known->id, asked.partition};
        told = co_await with.state.container().invoke_on(
            with.state.shard_of(key),
            [key, current = asked.current_leader_epoch, epoch = asked.leader_epoch](cluster& c) {
              return look(c, key, current, epoch);
            });
      }
      with.meters.failed(told.error);
      answered.partitions.push_back(std::move(told));
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> offset_for_leader_epoch(services& with, request r) {
  return serve<kafka::offset_for_leader_epoch_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
