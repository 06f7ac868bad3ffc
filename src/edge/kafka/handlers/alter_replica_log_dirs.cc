// AlterReplicaLogDirs (KIP-113): moves a broker's replicas between its directories. A broker of
// Weir has one, so nothing can move; to the one that there is, a replica has moved already.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/codec/alter_replica_log_dirs.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

error_code check(const cluster& state, std::string_view path, std::string_view topic,
                 std::int32_t partition) {
  // Kafka looks at the path first, so that a replica may be told where to be before it is there.
  if (path != state.settings().data_dir) return error_code::log_dir_not_found;
  const auto* t = state.catalog().find(topic);
  const auto* at = t ? state.catalog().find(partition_key{t->id, partition}) : nullptr;
  if (!at) return error_code::unknown_topic_or_partition;
  return std::ranges::contains(at->assigned(), state.settings().self)
             ? error_code::none
             : error_code::replica_not_available;
}

seastar::future<kafka::alter_replica_log_dirs_response> alter(
    services& with, const request&, kafka::alter_replica_log_dirs_request in) {
  kafka::alter_replica_log_dirs_response out;
  for (const auto& dir : in.dirs) {
    for (const auto& topic : dir.topics) {
      auto& answered = out.results.emplace_back();
      answered.topic_name = topic.name;
      for (const auto partition : topic.partitions) {
        auto& told = answered.partitions.emplace_back();
        told.partition_index = partition;
        told.error = check(with.state, dir.path.view(), topic.name.view(), partition);
        with.meters.failed(told.error);
        co_await seastar::coroutine::maybe_yield();
      }
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> alter_replica_log_dirs(services& with, request r) {
  return serve<kafka::alter_replica_log_dirs_request, &alter>(with, std::move(r));
}

}  // namespace weir::edge
