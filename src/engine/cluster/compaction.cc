// Compaction of this shard's partitions: one at a time, the dirtiest first.
#include "engine/cluster/compaction.h"

#include <absl/container/flat_hash_set.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/memory.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>

#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"

namespace weir {

const compaction_failures::failure& compaction_failures::failed(const partition_key& key,
                                                                std::string why, time_point now) {
  auto& f = failures_[key];
  f.why = std::move(why);
  f.wait = std::clamp<std::chrono::steady_clock::duration>(2 * f.wait, wait_first, wait_most);
  f.retry_at = now + f.wait;
  return f;
}

bool compaction_failures::may_try(const partition_key& key, time_point now) const {
  const auto* f = find(key);
  return !f || now >= f->retry_at;
}

const compaction_failures::failure* compaction_failures::find(const partition_key& key) const {
  const auto at = failures_.find(key);
  return at == failures_.end() ? nullptr : &at->second;
}

std::uint64_t cluster::compaction_io_rate() const {
  const auto rate = static_cast<std::uint64_t>(options().compaction_io_rate);
  if (rate >= static_cast<std::uint64_t>(INT64_MAX)) return log::byte_rate::unlimited;
  return std::max<std::uint64_t>(1, rate / seastar::smp::count);
}

seastar::future<> cluster::keep_compacted() {
  while (!co_await fibers_.stopped_within(options().compaction_check_interval_ms)) {
    compaction_failures_.keep_only([this](const partition_key& key) { return find(key); });
    // Those that had their turn and changed nothing wait for the next look.
    absl::flat_hash_set<partition_key> done;
    // A pass needs room for a segment before it frees some: on a full device it would take the
    // last.
    while (!fibers_.stopping() && space_.level != log::space_level::full) {
      const auto key = co_await dirtiest([&](const partition_key& k) { return done.contains(k); });
      if (!key) break;
      if (!co_await compact_one(*key)) done.insert(*key);
    }
  }
}

seastar::future<std::optional<partition_key>> cluster::dirtiest(
    std::function<bool(const partition_key&)> but) {
  std::vector<partition_key> keys;
  for (const auto& [key, r] : replicas_) {
    if (r->compacts()) keys.push_back(key);
  }
  std::optional<partition_key> best;
  double best_ratio = -1;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& key : keys) {
    co_await seastar::coroutine::maybe_yield();
    const auto* r = find(key);
    if (!r || r->log().failed() || but(key) || !compaction_failures_.may_try(key, now)) continue;
    const auto plan = r->compaction_plan();
    // What is late goes before what is only large.
    const double ratio = plan.dirty_ratio() + (plan.late || plan.roll_active ? 1 : 0);
    if (!(plan.due || plan.roll_active) || ratio <= best_ratio) continue;
    best = key;
    best_ratio = ratio;
  }
  co_return best;
}

// False: nothing was done.
seastar::future<bool> cluster::compact_one(partition_key key) {
  auto* r = find(key);
  if (!r) co_return false;
  const auto use = r->use();
  const auto memory =
      std::min<std::size_t>(static_cast<std::size_t>(options().compaction_memory_bytes),
                            seastar::memory::stats().total_memory() / 8);
  try {
    const bool passed = co_await r->compact(memory, compaction_pace_, fibers_.abort());
    compaction_failures_.succeeded(key);
    co_return passed;
  } catch (const store::compaction_stopped&) {
    co_return false;
  } catch (const store::no_space& e) {
    (void)compaction_failures_.failed(key, e.what(), std::chrono::steady_clock::now());
    cluster_log.info("{}: compaction waits for room: {}", r->name(), e.what());
  } catch (...) {
    const auto& f = compaction_failures_.failed(key, fmt::format("{}", std::current_exception()),
                                                std::chrono::steady_clock::now());
    cluster_log.error(
        "{}: compaction failed ({}); it is tried again in {} min, the partition serves on",
        r->name(), f.why, std::chrono::duration_cast<std::chrono::minutes>(f.wait).count());
  }
  co_return false;
}

}  // namespace weir
