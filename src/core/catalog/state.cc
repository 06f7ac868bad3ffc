// Topics, producer ids, and what all of the state's parts use.
#include "core/catalog/state.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/catalog/read_settings.h"

namespace weir::catalog {
namespace {

template <typename Ids>
replica_list list_of(const Ids& ids) {
  replica_list out;
  for (const auto id : ids) out.emplace_back(id);
  return out;
}

}  // namespace

std::expected<void, refusal> state::apply(const command& c) {
  return std::visit([this](const auto& record) { return on(record); }, c);
}

const topic* state::find(std::string_view name) const {
  const auto at = topics_.find(name);
  return at == topics_.end() ? nullptr : at->second.get();
}

const topic* state::find(const uuid& id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

const placement* state::find(const partition_key& key) const {
  const auto* t = find(key.topic_id);
  const auto at = static_cast<std::size_t>(key.partition);
  return t && key.partition >= 0 && at < t->partitions.size() ? &t->partitions[at] : nullptr;
}

state::outcome state::on(const stored::cluster_created& c) {
  if (!cluster_id_.is_zero()) return std::unexpected(refusal::cluster_exists);
  cluster_id_ = c.cluster_id;
  return {};
}

// Before any broker has registered there is one, which nobody checks: catalogs of a single broker
// hold such commands.
state::outcome state::check_replicas(std::span<const node_id> replicas) const {
  if (brokers_.empty()) {
    return replicas.empty() || well_formed(replicas) ? outcome{}
                                                     : std::unexpected(refusal::malformed_replicas);
  }
  if (!well_formed(replicas)) return std::unexpected(refusal::malformed_replicas);
  const bool known =
      std::ranges::all_of(replicas, [this](auto id) { return brokers_.contains(id); });
  return known ? outcome{} : std::unexpected(refusal::unknown_broker);
}

template <typename Placements>
void state::add_partitions(topic& to, const Placements& placements) {
  for (const auto& p : placements) {
    count(to.partitions.emplace_back(list_of(p.replicas)));
  }
  partition_count_ += placements.size();
}

topic& state::add_topic(std::string name, const uuid& id) {
  auto t = std::make_unique<topic>();
  t->name = std::move(name);
  t->id = id;
  by_id_.emplace(id, t.get());
  return *topics_.emplace(t->name, std::move(t)).first->second;
}

state::outcome state::on(const stored::topic_created& c) {
  if (topics_.contains(c.name.view()) || by_id_.contains(c.topic_id))
    return std::unexpected(refusal::topic_exists);
  for (const auto& p : c.partitions) weir_try_void(check_replicas(list_of(p.replicas)));
  auto& t = add_topic(c.name.str(), c.topic_id);
  read_settings(c.configs, t.configs, t.unread_configs);
  if (!c.configs.empty()) t.configs_version = ++config_changes_;
  add_partitions(t, c.partitions);
  return {};
}

state::outcome state::on(const stored::topic_deleted& c) {
  const auto at = by_id_.find(c.topic_id);
  if (at == by_id_.end()) return std::unexpected(refusal::unknown_topic);
  const auto named = topics_.find(at->second->name);
  for (auto& p : named->second->partitions) {
    uncount(p);
    for (const auto node : p.named()) unseat(p, node);
  }
  partition_count_ -= named->second->partitions.size();
  by_id_.erase(at);
  topics_.erase(named);
  return {};
}

state::outcome state::on(const stored::partitions_added& c) {
  const auto at = by_id_.find(c.topic_id);
  if (at == by_id_.end()) return std::unexpected(refusal::unknown_topic);
  auto& t = *at->second;
  if (t.partitions.size() + c.added.size() != static_cast<std::size_t>(c.total)) {
    return std::unexpected(refusal::fewer_partitions);
  }
  for (const auto& p : c.added) weir_try_void(check_replicas(list_of(p.replicas)));
  add_partitions(t, c.added);
  return {};
}

state::outcome state::on(const stored::producer_ids_allocated& c) {
  // Of two brokers that wanted the same block the second one hears no.
  if (c.next_producer_id <= next_producer_id_) return std::unexpected(refusal::ids_taken);
  next_producer_id_ = c.next_producer_id;
  return {};
}

bool operator==(const state& a, const state& b) {
  const auto same_topic = [](const auto& x, const auto& y) { return *x.second == *y.second; };
  return a.cluster_id_ == b.cluster_id_ && a.next_producer_id_ == b.next_producer_id_ &&
         a.brokers_ == b.brokers_ && a.node_ids_ == b.node_ids_ &&
         a.feature_levels_ == b.feature_levels_ && a.cluster_configs_ == b.cluster_configs_ &&
         a.broker_configs_ == b.broker_configs_ && a.group_configs_ == b.group_configs_ &&
         a.client_metrics_configs_ == b.client_metrics_configs_ &&
         a.features_epoch_ == b.features_epoch_ && a.config_changes_ == b.config_changes_ &&
         a.replica_counts_ == b.replica_counts_ && a.shard_loads_ == b.shard_loads_ &&
         a.partition_count_ == b.partition_count_ &&
         std::ranges::equal(a.topics_, b.topics_, same_topic);
}

}  // namespace weir::catalog
