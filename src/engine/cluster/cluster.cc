#include "engine/cluster/cluster.h"

#include <absl/hash/hash.h>
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

#include <chrono>
#include <random>

#include "core/base/check.h"
#include "engine/cluster/cluster_log.h"
#include "engine/runtime/scheduling.h"

namespace weir {

seastar::logger cluster_log("cluster");

namespace {

constexpr std::int64_t producer_ids_block = 1000;

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

command_error error_of(catalog::refusal refusal) {
  switch (refusal) {
    case catalog::refusal::topic_exists:
      return command_error::topic_exists;
    case catalog::refusal::unknown_topic:
      return command_error::unknown_topic;
    case catalog::refusal::fewer_partitions:
      return command_error::fewer_partitions;
    case catalog::refusal::cluster_exists:
      return command_error::topic_exists;
    case catalog::refusal::unknown_partition:
      return command_error::unknown_topic;
    case catalog::refusal::unknown_broker:
      return command_error::unknown_broker;
    case catalog::refusal::malformed_replicas:
    case catalog::refusal::partition_repeated:
      return command_error::malformed_replicas;
    case catalog::refusal::no_reassignment:
      return command_error::no_reassignment;
    case catalog::refusal::unsupported_feature:
    case catalog::refusal::feature_downgrade:
      return command_error::unsupported_feature;
    case catalog::refusal::foreign_cluster:
    case catalog::refusal::malformed_broker:
    case catalog::refusal::broker_in_use:
    case catalog::refusal::unknown_broker_state:
    case catalog::refusal::stale_placement:
    case catalog::refusal::too_many_leaving:
      return command_error::refused;
  }
  weir_check(false, "refusal {}", static_cast<int>(refusal));
}

}  // namespace

cluster::cluster(cluster_settings settings)
    : settings_(std::move(settings)),
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

unsigned cluster::shard_of(const partition_key& key) {
  // Neighbouring partitions on different shards.
  return static_cast<unsigned>((key.topic_id.low + static_cast<std::uint64_t>(key.partition)) %
                               seastar::smp::count);
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

topic_options cluster::options_of(const catalog::topic& t) const {
  return resolve_topic(layers(&t.configs));
}
cluster_options cluster::options() const {
  return resolve_cluster(layers());
}

seastar::future<> cluster::open() {
  weir_check(seastar::this_shard_id() == 0, "opened on shard {}", seastar::this_shard_id());
  co_await start_on_reserve();
  co_await store::replay_journals(*files_, settings_.data_dir, seastar::smp::count, draw);
  group0_ = co_await replica::open(store_, replica_group::alone(settings_.self),
                                   {.name = "catalog"}, settings_.data_dir + "/catalog", {});
  std::vector<std::string> commands;
  co_await group0_->replay([&](const log::frame_head& head, const fragments& body) {
    if (head.kind == log::frame_kind::command) commands.push_back(body.str());
  });
  co_await container().invoke_on_all([&commands](cluster& c) {
    for (const auto& encoded : commands) {
      const auto command = catalog::decode(fragments::copy(encoded));
      if (!command)
        throw std::runtime_error(
            "the catalog holds a command that this version does not know: start the "
            "version of Weir that wrote it, or a newer one");
      (void)c.state_.apply(*command);
    }
  });
  fibers_.spawn("apply", [this] { return apply_loop(); });
  if (state_.cluster_id().is_zero()) {
    stored::cluster_created created;
    created.cluster_id = new_uuid();
    const auto done = co_await execute(created);
    if (!done) throw std::runtime_error("the catalog could not be written");
  }
  next_id_ = ids_end_ = state_.next_producer_id();
  fibers_.spawn("remove files", [this] { return remove_leftovers(); }, groups().background);
  co_await look_at_space();
  fibers_.spawn("space", [this] { return keep_space(); });
  co_await container().invoke_on_all(
      [](cluster& c) -> seastar::future<> { return c.open_everything(); });
  cluster_log.info("cluster {} open: {} topics, {} partitions", state_.cluster_id(),
                   state_.topics().size(), state_.partition_count());
}

seastar::future<std::expected<void, command_error>> cluster::execute(catalog::command c) {
  return container().invoke_on(
      0, [](cluster& zero, std::string encoded) { return zero.execute_here(std::move(encoded)); },
      catalog::encode(c));
}

seastar::future<std::expected<void, command_error>> cluster::execute_here(std::string encoded) {
  if (fibers_.stopping()) co_return std::unexpected(command_error::stopping);
  const auto placed = group0_->place_command(encoded, clock_now());
  if (!placed) co_return std::unexpected(command_error::storage);
  auto& p = *pending_.emplace_back(std::make_unique<pending>(pending{
      .index = placed->index, .term = placed->term, .encoded = std::move(encoded), .done = {}}));
  auto done = p.done.get_future();
  proposed_.signal();
  co_return co_await std::move(done);
}

seastar::future<> cluster::apply_loop() {
  while (true) {
    co_await proposed_.wait([this] { return !pending_.empty() || fibers_.stopping(); });
    if (pending_.empty()) co_return;
    auto p = std::move(pending_.front());
    pending_.pop_front();
    std::expected<void, command_error> answer = std::unexpected(command_error::storage);
    try {
      co_await group0_->wait_committed(p->index, p->term);
      // All shards give the same answer; the last one asked is kept.
      for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
        answer = co_await container().invoke_on(
            shard, [encoded = p->encoded](cluster& c) { return c.apply(encoded); });
      }
    } catch (...) {
      cluster_log.error("a catalog command could not be carried out: {}", std::current_exception());
    }
    p->done.set_value(answer);
  }
}

seastar::future<std::expected<void, command_error>> cluster::apply(std::string encoded) {
  const auto command = catalog::decode(fragments::copy(encoded));
  weir_check(command.has_value(), "own command does not decode");
  std::optional<uuid> topic;
  if (const auto* changed = std::get_if<stored::configs_changed>(&*command);
      changed && changed->resource_type == catalog::topic_resource) {
    if (const auto* t = state_.find(changed->resource_name.view())) topic = t->id;
  }
  if (const auto done = state_.apply(*command); !done)
    co_return std::unexpected(error_of(done.error()));
  ++version_;
  co_await follow(*command, topic);
  co_return std::expected<void, command_error>{};
}

seastar::future<> cluster::follow(const catalog::command& c, std::optional<uuid> topic) {
  if (const auto* created = std::get_if<stored::topic_created>(&c)) {
    co_await open_partitions(created->topic_id, 0);
  } else if (const auto* added = std::get_if<stored::partitions_added>(&c)) {
    co_await open_partitions(added->topic_id,
                             static_cast<std::size_t>(added->total) - added->added.size());
  } else if (const auto* deleted = std::get_if<stored::topic_deleted>(&c)) {
    co_await close_topic(deleted->topic_id);
    // Shards are asked in order: when the last one has closed its partitions, nobody uses the
    // files.
    if (seastar::this_shard_id() == seastar::smp::count - 1) {
      (void)container().invoke_on(0, [](cluster& zero) {
        zero.fibers_.spawn(
            "remove files", [&zero] { return zero.remove_leftovers(); }, groups().background);
      });
    }
  } else if (std::holds_alternative<stored::configs_changed>(c)) {
    update_options(topic);
  }
}

seastar::future<std::expected<std::int64_t, command_error>> cluster::new_producer_id() {
  return container().invoke_on(
      0, [](cluster& zero) -> seastar::future<std::expected<std::int64_t, command_error>> {
        const auto lock = co_await seastar::get_units(zero.ids_lock_, 1);
        if (zero.next_id_ == zero.ids_end_) {
          stored::producer_ids_allocated block;
          block.node_id = zero.settings_.self.value();
          block.next_producer_id = zero.state_.next_producer_id() + producer_ids_block;
          const auto done = co_await zero.execute_here(catalog::encode(block));
          if (!done) co_return std::unexpected(done.error());
          zero.ids_end_ = block.next_producer_id;
          zero.next_id_ = block.next_producer_id - producer_ids_block;
        }
        co_return zero.next_id_++;
      });
}

seastar::future<> cluster::stop() {
  ready_ = false;
  waits_.cancel_all();
  auto stopped = fibers_.stop();
  auto removed = remover_.stop();
  proposed_.broadcast();
  look_wanted_.broadcast();
  retention_wanted_.broadcast();
  // The apply loop ends when what was proposed is applied, or can't be: a catalog that waits for
  // room waits no longer.
  const bool given_up = group0_ && group0_->log().waits_for_space();
  if (given_up) co_await group0_->stop();
  co_await std::move(stopped);
  co_await std::move(removed);
  for (auto& p : pending_) p->done.set_value(std::unexpected(command_error::stopping));
  pending_.clear();
  co_await seastar::max_concurrent_for_each(replicas_, 64,
                                            [](auto& entry) { return entry.second->stop(); });
  if (group0_ && !given_up) co_await group0_->stop();
  co_await journal_.stop();
  co_await store_.open.stop();
}

}  // namespace weir
