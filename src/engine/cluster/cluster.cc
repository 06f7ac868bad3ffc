#include "engine/cluster/cluster.h"

#include <absl/hash/hash.h>
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

#include <chrono>
#include <random>

#include "core/base/check.h"
#include "engine/cluster/cluster_log.h"
#include "engine/cluster/raft_door.h"
#include "engine/cluster/state_keeper.h"
#include "engine/runtime/scheduling.h"

namespace weir {

seastar::logger cluster_log("cluster");

namespace {

// Of entries read for replicas far behind, in memory at once.
constexpr std::size_t catch_up_bytes = 8 << 20;

timestamp clock_now() {
  using namespace std::chrono;
  return timestamp(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

// Ids and salts: from the system's source of randomness, read once, so that no call blocks later.
std::uint64_t draw() {
  static thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(),
                       device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return generator();
}

}  // namespace

cluster::cluster(cluster_settings settings, seastar::sharded<peer::peer_links>& links)
    : settings_(std::move(settings)),
      all_links_(links),
      catch_up_(catch_up_bytes,
                [rate = settings_.catch_up_rate] {
                  return std::max<std::uint64_t>(1, rate / seastar::smp::count);
                }),
      files_(store::make_disk_files(settings_.flush)),
      cache_(settings_.cache_bytes),
      remover_(*files_),
      store_{.files = *files_,
             .cache = cache_,
             .open{*files_, settings_.open_files},
             .now = clock_now,
             .random = draw,
             .dirty_max = settings_.dirty_bytes,
             .dirty_of_one_max = settings_.dirty_bytes_of_one,
             .small_writes = &journal_,
             .indexes = store::index_shelf(settings_.index_bytes),
             .remover = &remover_},
      journal_(*files_, settings_.data_dir + "/journal", seastar::this_shard_id(),
               settings_.journal_bytes / 2, draw) {
  store_.space.on_wanted_look([this] { want_look(); });
}

uuid cluster::new_uuid() {
  return uuid::from_random(draw(), draw());
}

unsigned cluster::shard_of(const partition_key& key, node_id node, unsigned shards) const {
  if (key.topic_id.is_zero()) return 0;
  const auto* where = state_.find(key);
  const auto shard = where ? where->shard_on(node) : std::nullopt;
  // Where the catalog says nothing, or speaks of cores that are gone, nothing is there.
  return shard ? static_cast<unsigned>(*shard) % shards : 0;
}

unsigned cluster::shard_of(const partition_key& key) const {
  return shard_of(key, settings_.self, seastar::smp::count);
}

replica* cluster::replica_of(const partition_key& key) {
  return key.topic_id.is_zero() ? group0_.get() : find(key);
}

replica* cluster::find(const partition_key& key) {
  const auto at = replicas_.find(key);
  return at == replicas_.end() ? nullptr : at->second.get();
}

option_layers cluster::layers(const option_layer* topic) const {
  return {.topic = topic,
          .broker = state_.broker_configs(settings_.self),
          .cluster = &state_.cluster_configs(),
          .node = &settings_.node};
}

option_layers cluster::layers_of_group(std::string_view group) const {
  auto out = layers();
  const auto at = state_.group_configs().find(group);
  if (at != state_.group_configs().end()) out.group = &at->second.layer;
  return out;
}

option_layers cluster::layers_of_client_metrics(std::string_view subscription) const {
  auto out = layers();
  const auto at = state_.client_metrics_configs().find(subscription);
  if (at != state_.client_metrics_configs().end()) out.client_metrics = &at->second.layer;
  return out;
}

topic_options cluster::options_of(const catalog::topic& t) const {
  return resolve_topic(layers(&t.configs));
}
cluster_options cluster::options() const {
  return resolve_cluster(layers());
}
group_options cluster::options_of_group(std::string_view group) const {
  return resolve_group(layers_of_group(group));
}

seastar::future<> cluster::stop() {
  ready_ = false;
  waits_.cancel_all();
  ticker_.stop();
  auto stopped = fibers_.stop();
  auto removed = remover_.stop();
  committed_.broadcast();
  leaders_changed_.broadcast();
  sleepers_wanted_.broadcast();
  look_wanted_.broadcast();
  retention_wanted_.broadcast();
  // Who waits for a command hears no more of it.
  applied_.fail(std::make_exception_ptr(seastar::gate_closed_exception()));
  for (auto& [index, p] : pending_) p.done.set_value(std::nullopt);
  pending_.clear();
  // A catalog that waits for room waits no longer.
  const bool given_up = group0_ && group0_->log().waits_for_space();
  if (given_up) co_await group0_->stop();
  co_await std::move(stopped);
  co_await std::move(removed);
  links().bind(nullptr);
  watchers_.clear();
  co_await seastar::max_concurrent_for_each(replicas_, 64,
                                            [](auto& entry) { return entry.second->stop(); });
  if (group0_ && !given_up) co_await group0_->stop();
  co_await journal_.stop();
  co_await store_.open.stop();
}

cluster::~cluster() = default;

}  // namespace weir
