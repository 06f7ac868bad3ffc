// GET /v1/cache: what is in memory, what it was good for, and what had to go.
#include <seastar/core/coroutine.hh>
#include <seastar/core/memory.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>

#include "edge/admin/reports.h"

namespace weir::edge {
namespace {

using nlohmann::json;

constexpr std::size_t topics_shown = 100;

struct of_shard {
  std::array<std::size_t, store::portions> used, minimum;
  std::size_t budget, dirty, memory_used, memory_total;
  store::cache_figures counts;
  std::map<uuid, store::read_figures> topics;
};

seastar::future<of_shard> figures_of(cluster& c) {
  const auto& cache = c.cache();
  const auto memory = seastar::memory::stats();
  of_shard f{
      .used = {cache.used(store::portion::fresh), cache.used(store::portion::history)},
      .minimum = {cache.minimum(store::portion::fresh), cache.minimum(store::portion::history)},
      .budget = cache.budget(),
      .dirty = c.dirty_bytes(),
      .memory_used = memory.allocated_memory(),
      .memory_total = memory.total_memory(),
      .counts = cache.figures,
      .topics = {}};
  for (const auto& [key, r] : c.replicas()) {
    auto& sum = f.topics[key.topic_id];
    sum.hits += r->log().reads().hits;
    sum.misses += r->log().reads().misses;
  }
  return seastar::make_ready_future<of_shard>(std::move(f));
}

json portion_of(const of_shard& f, std::size_t p) {
  const auto& counts = f.counts.by[p];
  return {{"used_bytes", f.used[p]},
          {"minimum_bytes", f.minimum[p]},
          {"hits", counts.hits},
          {"evicted_for_fresh", counts.evicted_for[0]},
          {"evicted_for_history", counts.evicted_for[1]}};
}

double ratio(std::uint64_t hits, std::uint64_t misses) {
  return hits + misses == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(hits + misses);
}

}  // namespace

seastar::future<json> report_cache(cluster& state) {
  json shards = json::array();
  std::map<uuid, store::read_figures> topics;
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    const auto f = co_await state.container().invoke_on(shard, &figures_of);
    const auto hits = f.counts.by[0].hits + f.counts.by[1].hits;
    shards.push_back({{"shard", shard},
                      {"budget_bytes", f.budget},
                      {"used_bytes", f.used[0] + f.used[1]},
                      {"dirty_bytes", f.dirty},
                      {"fresh", portion_of(f, 0)},
                      {"history", portion_of(f, 1)},
                      {"hit_ratio", ratio(hits, f.counts.misses)},
                      {"misses", f.counts.misses},
                      {"chunks_read", f.counts.loads},
                      {"chunks_read_ahead", f.counts.read_ahead},
                      {"memory_used_bytes", f.memory_used},
                      {"memory_bytes", f.memory_total}});
    for (const auto& [id, counts] : f.topics) {
      topics[id].hits += counts.hits;
      topics[id].misses += counts.misses;
      co_await seastar::coroutine::maybe_yield();
    }
  }
  // Those that waited for the device most come first.
  std::vector<std::pair<std::string, store::read_figures>> order;
  for (const auto& [name, t] : state.catalog().topics()) {
    const auto found = topics.find(t->id);
    if (found != topics.end()) order.emplace_back(name, found->second);
  }
  const auto shown = std::min(order.size(), topics_shown);
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown),
                            [](const auto& a, const auto& b) {
                              return std::pair(a.second.misses, a.second.hits) >
                                     std::pair(b.second.misses, b.second.hits);
                            });
  order.resize(shown);
  json listed = json::array();
  for (const auto& [name, counts] : order)
    listed.push_back({{"topic", name},
                      {"hits", counts.hits},
                      {"misses", counts.misses},
                      {"hit_ratio", ratio(counts.hits, counts.misses)}});
  co_return json{{"shards", std::move(shards)}, {"topics", std::move(listed)}};
}

}  // namespace weir::edge
