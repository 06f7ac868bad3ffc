// The partitions of this shard: opened, closed, their files, their options.
#include <seastar/core/coroutine.hh>
#include <seastar/core/loop.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <filesystem>

#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"
#include "engine/runtime/scheduling.h"

namespace weir {
namespace {

constexpr std::size_t open_at_once = 32;
constexpr std::chrono::milliseconds retention_pause_without_room{5'000};

}  // namespace

// "<name>.<id>": the id makes a topic that was deleted and created again another place, the name is
// for people.
std::string cluster::directory_of(const catalog::topic& t) const {
  return settings_.data_dir + "/topics/" + t.name + "." + t.id.str();
}

replica_options cluster::replica_options_of(const catalog::topic& t) {
  const auto options = options_of(t);
  const auto jitter = options.segment_jitter_ms.count();
  const bool deletes = options.cleanup_policy.has(cleanup_policy_choice::delete_);
  const bool compacts = options.cleanup_policy.has(cleanup_policy_choice::compact);
  const auto lag_max = options.compaction_lag_ms_max.count();
  // Not later than compaction has to see it.
  const auto segment_ms =
      compacts ? std::min(options.segment_ms.count(), lag_max) : options.segment_ms.count();
  return {
      .roll = {.segment_bytes = static_cast<std::uint64_t>(options.segment_bytes),
               .segment_ms = segment_ms,
               .jitter_ms = jitter > 0 ? static_cast<std::int64_t>(
                                             store_.random() % static_cast<std::uint64_t>(jitter))
                                       : 0},
      .retention = {.bytes = deletes ? options.retention_bytes : -1,
                    .ms = deletes ? options.retention_ms.count() : -1},
      .producers_max = static_cast<std::size_t>(this->options().producer_ids_per_partition_max),
      .producer_expiration_ms = this->options().producer_id_expiration_ms.count(),
      .compaction = {.enabled = compacts,
                     .dirty_ratio_min = options.compaction_min_dirty_ratio,
                     .lag_ms_min = options.compaction_lag_ms_min.count(),
                     .lag_ms_max = lag_max,
                     .tombstone_ms = options.tombstone_retention_ms.count()},
      .compression_levels = {0, static_cast<int>(options.compression_gzip_level), 0,
                             static_cast<int>(options.compression_lz4_level),
                             static_cast<int>(options.compression_zstd_level)}};
}

seastar::future<> cluster::open_everything() {
  follows_ = true;
  std::vector<std::pair<const catalog::topic*, std::int32_t>> mine;
  for (const auto& [name, t] : state_.topics()) {
    for (std::size_t p = 0; p < t->partitions.size(); ++p) {
      const auto partition = static_cast<std::int32_t>(p);
      if (shard_of({t->id, partition}) == seastar::this_shard_id() &&
          t->partitions[p].names(settings_.self))
        mine.emplace_back(t.get(), partition);
    }
  }
  co_await seastar::max_concurrent_for_each(
      mine, open_at_once, [this](auto one) { return open_one(*one.first, one.second); });
  co_await tell_changed_leaders();
  fibers_.spawn("retention", [this] { return keep_retention(); }, groups().background);
  fibers_.spawn("compaction", [this] { return keep_compacted(); }, groups().background);
  ready_ = true;
}

seastar::future<> cluster::open_partitions(uuid topic_id, std::size_t from) {
  const auto* t = state_.find(topic_id);
  std::vector<std::int32_t> mine;
  for (auto p = from; p < t->partitions.size(); ++p) {
    const auto partition = static_cast<std::int32_t>(p);
    if (shard_of({topic_id, partition}) == seastar::this_shard_id() &&
        t->partitions[p].names(settings_.self))
      mine.push_back(partition);
  }
  // Commands are applied one after the other: the topic stays while its partitions open.
  co_await seastar::max_concurrent_for_each(mine, open_at_once,
                                            [this, t](auto p) { return open_one(*t, p); });
  // Those of one replica can be used at once.
  co_await tell_changed_leaders();
}

// Whom the replica's group begins with, if it begins here: see placement::moved.
raft::configuration cluster::first_members(const catalog::placement& at) const {
  raft::configuration out;
  const auto& replicas = at.replicas();
  if (at.moved() || !std::ranges::contains(replicas, settings_.self)) return out;
  out.voters.assign(replicas.begin(), replicas.end());
  return raft::normal(std::move(out));
}

seastar::future<> cluster::open_one(const catalog::topic& t, std::int32_t partition) {
  const partition_key key{t.id, partition};
  const store::log_identity identity{.name = fmt::format("{}-{}", t.name, partition),
                                     .topic_id = t.id,
                                     .partition = partition_id(partition)};
  const auto directory = fmt::format("{}/{}", directory_of(t), partition);
  const auto& at = t.partitions[static_cast<std::size_t>(partition)];
  replica_group group{.self = settings_.self,
                      .members = first_members(at),
                      .first = at.wanted().front() == settings_.self,
                      .options = settings_.raft,
                      .seed = store_.random(),
                      .outbox = &links(),
                      .ticker = &ticker_,
                      .catch_up = &catch_up_};
  try {
    auto opened = co_await replica::open(store_, std::move(group), identity, directory,
                                         replica_options_of(t));
    watch(key, *opened);
    replicas_.emplace(key, std::move(opened));
    opened_.notify();
  } catch (const std::exception& why) {
    // Quarantined: this partition alone; the others are served.
    cluster_log.error("{} is offline: {}", identity.name, why.what());
    offline_.emplace(key, why.what());
  }
}

seastar::future<> cluster::close_topic(uuid topic_id) {
  std::vector<std::unique_ptr<replica>> closing;
  for (auto at = replicas_.begin(); at != replicas_.end();) {
    if (at->first.topic_id == topic_id) {
      watchers_.erase(at->first);
      closing.push_back(std::move(at->second));
      replicas_.erase(at++);
    } else {
      ++at;
    }
  }
  absl::erase_if(offline_, [&](const auto& entry) { return entry.first.topic_id == topic_id; });
  co_await seastar::max_concurrent_for_each(closing, open_at_once,
                                            [](auto& r) { return r->stop(); });
  // Requests that wait on one of them have been told; they hold it until they have left.
  for (auto& r : closing)
    fibers_.spawn("closed partition",
                  [kept = std::move(r), this]() mutable { return linger(std::move(kept)); });
}

// A request that was waiting on a replica when it stopped still looks at it once: it goes after the
// requests.
seastar::future<> cluster::linger(std::unique_ptr<replica> stopped) {
  co_await stopped->unused();
}

seastar::future<> cluster::remove_leftovers() {
  const auto root = settings_.data_dir + "/topics";
  const auto lock = co_await seastar::get_units(leftovers_lock_, 1);
  if (!co_await files_->exists(root)) co_return;
  std::vector<std::string> gone;
  for (auto& name : co_await files_->list(root)) {
    const auto dot = name.rfind('.');
    const auto id = dot == std::string::npos ? std::nullopt
                                             : uuid::parse(std::string_view(name).substr(dot + 1));
    if (id && !state_.find(*id)) gone.push_back(std::move(name));
  }
  // This shard knows of a deletion before all shards have closed what they had of the topic.
  if (!gone.empty()) co_await applied_.wait_for(group0_->core().commit_index());
  for (const auto& name : gone) {
    if (fibers_.stopping()) co_return;
    const auto topic = std::string_view(name).substr(0, name.rfind('.'));
    cluster_log.info("removing the files of the deleted topic {}", topic);
    try {
      co_await remover_.remove_topic(fmt::format("{}/{}", root, name));
    } catch (...) {
      cluster_log.warn(
          "the files of the deleted topic {} are not all gone ({}); the next deletion "
          "or start tries again",
          topic, std::current_exception());
    }
  }
  co_await files_->sync_directory(root);
}

void cluster::update_options(std::optional<uuid> topic) {
  for (auto& [key, r] : replicas_) {
    if (topic && key.topic_id != *topic) continue;
    if (const auto* t = state_.find(key.topic_id)) r->set_options(replica_options_of(*t));
  }
}

// At its interval, and much oftener while there is little room.
seastar::future<> cluster::keep_retention() {
  while (!fibers_.stopping()) {
    auto pause = options().retention_check_interval_ms;
    if (space_.level != log::space_level::roomy)
      pause = std::min(pause, retention_pause_without_room);
    try {
      co_await retention_wanted_.wait(pause);
    } catch (const seastar::condition_variable_timed_out&) {
    }
    if (!fibers_.stopping()) co_await enforce_retention();
  }
}

seastar::future<> cluster::enforce_retention() {
  std::vector<partition_key> keys;
  keys.reserve(replicas_.size());
  for (const auto& [key, r] : replicas_) keys.push_back(key);
  for (const auto& key : keys) {
    if (fibers_.stopping()) co_return;
    auto* r = find(key);
    if (!r) continue;
    const auto use = r->use();
    try {
      co_await r->maintain();
    } catch (const store::no_space& e) {
      cluster_log.debug("{}: retention waits for room: {}", r->name(), e.what());
    } catch (...) {
      if (!fibers_.stopping())
        cluster_log.error("{}: retention failed: {}", r->name(), std::current_exception());
    }
    co_await seastar::coroutine::maybe_yield();
  }
}

}  // namespace weir
