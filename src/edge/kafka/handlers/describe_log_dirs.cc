// DescribeLogDirs (KIP-113, KIP-827): one directory, how much of it each partition takes.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/reactor.hh>
#include <seastar/core/smp.hh>

#include "core/codec/describe_log_dirs.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

seastar::future<absl::flat_hash_map<partition_key, std::uint64_t>> sizes(services& with) {
  absl::flat_hash_map<partition_key, std::uint64_t> all;
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    const auto here = co_await with.state.container().invoke_on(shard, [](cluster& c) {
      std::vector<std::pair<partition_key, std::uint64_t>> found;
      for (const auto& [key, r] : c.replicas()) found.emplace_back(key, r->size_bytes());
      return found;
    });
    all.insert(here.begin(), here.end());
  }
  co_return all;
}

seastar::future<kafka::describe_log_dirs_response> tell(services& with, const request&,
                                                        kafka::describe_log_dirs_request in) {
  kafka::describe_log_dirs_response out;
  auto& directory = out.results.emplace_back();
  directory.log_dir = text(with.state.settings().data_dir);
  const auto volume = co_await seastar::engine().statvfs(with.state.settings().data_dir);
  directory.total_bytes = static_cast<std::int64_t>(volume.f_blocks * volume.f_frsize);
  directory.usable_bytes = static_cast<std::int64_t>(volume.f_bavail * volume.f_frsize);
  const auto size_of = co_await sizes(with);
  const auto add = [&](const catalog::topic& t, const auto& wanted) {
    auto& told = directory.topics.emplace_back();
    told.name = text(t.name);
    for (const auto partition : wanted) {
      const auto size = size_of.find({t.id, partition});
      if (size == size_of.end()) continue;
      auto& p = told.partitions.emplace_back();
      p.partition_index = partition;
      p.partition_size = static_cast<std::int64_t>(size->second);
    }
  };
  if (in.topics) {
    for (const auto& asked : *in.topics) {
      if (const auto* t = with.state.catalog().find(asked.topic.view())) add(*t, asked.partitions);
    }
    co_return out;
  }
  for (const auto& [name, t] : with.state.catalog().topics()) {
    std::vector<std::int32_t> every(t->partitions.size());
    for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<std::int32_t>(i);
    add(*t, every);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> describe_log_dirs(services& with, request r) {
  return serve<kafka::describe_log_dirs_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
