// DeleteRecords (KIP-107): moves a partition's start up.
#include <seastar/core/coroutine.hh>
#include <seastar/core/lowres_clock.hh>

#include "core/codec/delete_records.h"
#include "edge/kafka/await_commit.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using told_partition = kafka::delete_records_response::partition;

seastar::future<told_partition> remove(cluster& c, partition_key key, offset before,
                                       seastar::lowres_clock::time_point deadline) {
  told_partition out;
  out.partition_index = key.partition;
  out.low_watermark = -1;
  auto* r = c.find(key);
  if (!r) {
    out.error =
        c.offline(key) ? error_code::kafka_storage_error : error_code::not_leader_or_follower;
    co_return out;
  }
  const auto use = r->use();
  if (before > r->high_watermark()) co_await await_commit(*r, deadline);
  const auto start = co_await r->delete_records(before);
  if (start) {
    out.low_watermark = start->value();
  } else {
    // Nobody expects to be told of replicas here.
    out.error = start.error() == replica_error::no_space ? error_code::kafka_storage_error
                                                         : code_of(start.error());
  }
  co_return out;
}

seastar::future<kafka::delete_records_response> remove_all(services& with, const request&,
                                                           kafka::delete_records_request in) {
  kafka::delete_records_response out;
  const auto deadline =
      seastar::lowres_clock::now() + std::chrono::milliseconds(std::max(0, in.timeout_ms));
  for (const auto& topic : in.topics) {
    auto& answered = out.topics.emplace_back();
    answered.name = topic.name;
    for (const auto& asked : topic.partitions) {
      told_partition told;
      told.partition_index = asked.partition_index;
      told.low_watermark = -1;
      const auto* known = with.state.catalog().find(topic.name.view());
      if (!known || asked.partition_index < 0 ||
          static_cast<std::size_t>(asked.partition_index) >= known->partitions.size()) {
        told.error = error_code::unknown_topic_or_partition;
      } else if (!with.state.options_of(*known).cleanup_policy.has(
                     cleanup_policy_choice::delete_)) {
        told.error =
            error_code::policy_violation;  // a compacted topic keeps the newest of each key
      } else {
        const partition_key key{known->id, asked.partition_index};
        told = co_await with.state.container().invoke_on(
            with.state.shard_of(key), [key, before = offset(asked.offset), deadline](cluster& c) {
              return remove(c, key, before, deadline);
            });
      }
      with.meters.failed(told.error);
      answered.partitions.push_back(std::move(told));
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> delete_records(services& with, request r) {
  return serve<kafka::delete_records_request, &remove_all>(with, std::move(r));
}

}  // namespace weir::edge
