#pragma once
// Room engine/coordinator: what waits for core/group and core/transaction. Entry points: ask() for
// the edge, on any shard; act() for who has something to tell a coordinator.
//
// All coordinators of one kind on this shard, one a partition of their topic that is open here.
// Invariants: those of led_partition.h and coordinator_shell.h.
#include <seastar/core/sharded.hh>
#include <seastar/core/smp.hh>

#include "core/group/coordinator_partition.h"
#include "engine/coordinator/coordinator_shell.h"
#include "engine/coordinator/topic_partitions.h"

namespace weir {

template <typename Kind>
class coordinators final : public topic_partitions,
                           public seastar::peering_sharded_service<coordinators<Kind>> {
 public:
  using shell = coordinator_shell<Kind>;
  using request = typename Kind::request;
  using result = typename shell::result;

  // The kind gets what stands behind the topic's name; of a sharded service, this shard's.
  template <typename... Services>
  coordinators(seastar::sharded<cluster>& where, std::string topic, Services&&... services)
      : topic_partitions(where.local(), std::move(topic)), kind_(*this, services...) {}

  // On each shard, once the cluster is open.
  void start() { begin(); }
  // Whoever waits is answered, and from here on everybody hears that it is not here.
  seastar::future<> halt() {
    if (std::exchange(halted_, true)) co_return;
    co_await end();
    if constexpr (requires { kind_.stop(); }) co_await kind_.stop();
  }
  seastar::future<> stop() { return halt(); }

  [[nodiscard]] Kind& kind() { return kind_; }
  [[nodiscard]] crowd& waiting() { return crowd_; }
  // Of this shard.
  [[nodiscard]] const absl::flat_hash_map<partition_key, std::unique_ptr<shell>>& all() const {
    return shells_;
  }
  [[nodiscard]] shell* find(std::int32_t partition) {
    const auto* t = found();
    const auto at = t ? shells_.find(partition_key{t->id, partition}) : shells_.end();
    return at == shells_.end() ? nullptr : at->second.get();
  }

  // Which partition the coordinator of this name has; nothing while there is no topic.
  [[nodiscard]] std::optional<std::int32_t> partition_of(std::string_view name) const {
    const auto* t = found();
    if (!t || t->partitions.empty()) return std::nullopt;
    return group::coordinator_partition(name, static_cast<std::int32_t>(t->partitions.size()));
  }
  [[nodiscard]] std::optional<unsigned> shard_of(std::int32_t partition) const {
    const auto* t = found();
    if (!t) return std::nullopt;
    return this->of().shard_of({t->id, partition});
  }

  // From any shard. `bytes`: what the request keeps in memory while it waits.
  seastar::future<result> ask(std::string_view name, request r, std::size_t bytes) {
    const auto partition = partition_of(name);
    if (!partition)
      return seastar::make_ready_future<result>(std::unexpected(coordinator_error::no_topic));
    return ask_partition(*partition, std::move(r), bytes);
  }
  seastar::future<result> ask_partition(std::int32_t partition, request r, std::size_t bytes) {
    return on(partition,
              [r = std::move(r), bytes](shell& s) mutable { return s.ask(std::move(r), bytes); });
  }
  // On the partition's shard: what `call(shell)` gives, or that it is not here.
  template <typename Call>
  auto on(std::int32_t partition, Call call) -> std::invoke_result_t<Call, shell&> {
    using given = typename seastar::futurize<std::invoke_result_t<Call, shell&>>::value_type;
    const auto shard = shard_of(partition);
    if (!shard)
      return seastar::make_ready_future<given>(std::unexpected(coordinator_error::no_topic));
    return this->container().invoke_on(
        *shard, [partition, call = std::move(call)](coordinators& there) mutable {
          if (auto* s = there.find(partition)) return call(*s);
          return seastar::make_ready_future<given>(std::unexpected(coordinator_error::not_here));
        });
  }

 private:
  seastar::future<> keep(partition_key key, replica& r) override {
    auto made = std::make_unique<shell>(
        kind_, key.partition, r, [this, key, &r] { return this->of().find(key) == &r; }, crowd_);
    auto& s = *made;
    if (this->background().stopping()) co_return;
    shells_[key] = std::move(made);
    co_await s.follow();
    auto gone = std::move(shells_.extract(key).mapped());
    co_await gone->unused();
  }
  void interrupt() override {
    for (auto& [key, s] : shells_) s->stop();
  }

  Kind kind_;
  crowd crowd_;
  bool halted_ = false;
  absl::flat_hash_map<partition_key, std::unique_ptr<shell>> shells_;
};

}  // namespace weir
