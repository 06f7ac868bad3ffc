// ListOffsets: the start, the end, by time, and the special timestamps of later KIPs.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <absl/container/flat_hash_set.h>

#include "core/codec/list_offsets.h"
#include "edge/kafka/await_commit.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using partition_response = kafka::list_offsets_response::partition;

// Timestamps that ask for a place: KIP-734 (max), KIP-405 (local), KIP-1005 (tiered), KIP-1023
// (pending upload).
constexpr std::int64_t at_latest = -1;
constexpr std::int64_t at_earliest = -2;
constexpr std::int64_t at_max_timestamp = -3;
constexpr std::int64_t at_earliest_local = -4;
constexpr std::int64_t at_latest_tiered = -5;
constexpr std::int64_t at_earliest_pending_upload = -6;

// The version that brought each of them.
bool in_version(std::int64_t timestamp, std::int16_t version) {
  switch (timestamp) {
    case at_max_timestamp:
      return version >= 7;
    case at_earliest_local:
      return version >= 8;
    case at_latest_tiered:
      return version >= 9;
    case at_earliest_pending_upload:
      return version >= 11;
    default:
      return timestamp >= at_earliest;
  }
}

// For how long one request may wait for what acks=1 has acknowledged, all its partitions together:
// a flush, or a round to the followers. Without a majority the end is told as it is.
constexpr std::chrono::milliseconds settle_patience{100};

struct question {
  std::int32_t partition = 0;
  std::int32_t leader_epoch = -1;
  std::int64_t timestamp = 0;
  bool committed = false;
  seastar::lowres_clock::time_point settled_until;
};

seastar::future<partition_response> look(replica* from, question q) {
  const auto use = from->use();
  partition_response out;
  out.partition_index = q.partition;
  // Before anything is looked at: it may lead no longer afterwards.
  if (q.timestamp == at_latest) co_await await_commit(*from, q.settled_until);
  if (const auto epoch = from->check_epoch(q.leader_epoch); !epoch) {
    out.error = code_of(epoch.error());
    co_return out;
  }
  if (const auto serves = from->check_serves(); !serves) {
    out.error = code_of(serves.error());
    co_return out;
  }
  const auto end = q.committed ? from->last_stable_offset() : from->high_watermark();
  const auto place = [&](offset at) {
    out.offset = at.value();
    out.leader_epoch = from->epoch_at(at);
  };
  switch (q.timestamp) {
    case at_latest:
      out.offset = end.value();
      out.leader_epoch = from->leader_epoch();
      co_return out;
    case at_earliest:
    case at_earliest_local:
      place(from->start_offset());
      co_return out;
    case at_latest_tiered:
    case at_earliest_pending_upload:
      co_return out;  // nothing is in object storage: no such offset
    default:
      break;
  }
  auto found = q.timestamp == at_max_timestamp
                   ? co_await from->latest_time(end)
                   : co_await from->find_time(timestamp(q.timestamp), end);
  if (!found) {
    out.error = code_of(found.error());
  } else if (*found) {
    out.timestamp = (*found)->time.value();
    place((*found)->offset);
  }
  co_return out;
}

seastar::future<partition_response> ask(services& with, partition_key key, question q) {
  co_return co_await with.state.container().invoke_on(
      with.state.shard_of(key), [key, q](cluster& c) -> seastar::future<partition_response> {
        if (auto* r = c.find(key)) return look(r, q);
        partition_response out;
        out.partition_index = q.partition;
        out.error =
            c.offline(key) ? error_code::kafka_storage_error : error_code::not_leader_or_follower;
        return seastar::make_ready_future<partition_response>(std::move(out));
      });
}

seastar::future<kafka::list_offsets_response> list(services& with, const request& r,
                                                   kafka::list_offsets_request in) {
  kafka::list_offsets_response out;
  absl::flat_hash_set<std::pair<std::string_view, std::int32_t>> seen;
  const auto until = seastar::lowres_clock::now() + settle_patience;
  for (const auto& topic : in.topics) {
    auto& answered = out.topics.emplace_back();
    answered.name = topic.name;
    for (const auto& asked : topic.partitions) {
      partition_response told;
      told.partition_index = asked.partition_index;
      const auto* known = with.state.catalog().find(topic.name.view());
      if (!seen.emplace(topic.name.view(), asked.partition_index).second) {
        told.error = error_code::invalid_request;
      } else if (!in_version(asked.timestamp, r.header.version)) {
        told.error = error_code::unsupported_version;
      } else if (!known || asked.partition_index < 0 ||
                 static_cast<std::size_t>(asked.partition_index) >= known->partitions.size()) {
        told.error = error_code::unknown_topic_or_partition;
      } else {
        told = co_await ask(with, {known->id, asked.partition_index},
                            {.partition = asked.partition_index,
                             .leader_epoch = asked.current_leader_epoch,
                             .timestamp = asked.timestamp,
                             .committed = in.isolation_level == 1,
                             .settled_until = until});
      }
      if (r.header.version < 4) told.leader_epoch = -1;  // has no place in the answer
      with.meters.failed(told.error);
      answered.partitions.push_back(std::move(told));
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> list_offsets(services& with, request r) {
  return serve<kafka::list_offsets_request, &list>(with, std::move(r));
}

}  // namespace weir::edge
