#include "edge/kafka/partition_facts.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

namespace weir::edge {

seastar::future<partition_facts> gather_facts(services& with, std::vector<partition_key> keys) {
  std::vector<std::vector<partition_key>> by_shard(seastar::smp::count);
  for (const auto& key : keys) by_shard[cluster::shard_of(key)].push_back(key);
  partition_facts facts;
  for (unsigned shard = 0; shard < by_shard.size(); ++shard) {
    if (by_shard[shard].empty()) continue;
    const auto told =
        co_await with.state.container().invoke_on(shard, [asked = by_shard[shard]](cluster& c) {
          std::vector<std::pair<partition_key, partition_fact>> found;
          for (const auto& key : asked) {
            if (const auto* r = c.find(key))
              found.emplace_back(key, partition_fact{r->leader_epoch(), !r->log().failed()});
          }
          return found;
        });
    facts.insert(told.begin(), told.end());
  }
  co_return facts;
}

}  // namespace weir::edge
