// Who belongs to the cluster, and which features are on.
#include <algorithm>

#include "core/base/check.h"
#include "core/catalog/state.h"

namespace weir::catalog {
namespace {

// A broker is in every snapshot and in every shard's memory: what it says of itself is short.
constexpr std::size_t text_max = 255;
constexpr std::size_t listeners_max = 16;
constexpr std::size_t features_max = 64;

bool short_enough(const text& t) {
  return t.size() <= text_max;
}

bool plausible(const stored::broker_registered& c) {
  if (c.broker_id.is_zero() || c.peer_host.empty() || c.cores < 0 || c.cores > cores_max)
    return false;
  if (!short_enough(c.peer_host) || !short_enough(c.rack) || !short_enough(c.software_version))
    return false;
  if (c.listeners.size() > listeners_max || c.features.size() > features_max) return false;
  return std::ranges::all_of(
             c.listeners,
             [](const auto& l) { return short_enough(l.name) && short_enough(l.host); }) &&
         std::ranges::all_of(c.features, [](const auto& f) {
           return short_enough(f.name) && 0 <= f.level_min && f.level_min <= f.level_max;
         });
}

broker read(const stored::broker_registered& c) {
  broker b;
  b.directory = c.broker_id;
  b.incarnation = c.incarnation;
  b.peer = {c.peer_host.str(), c.peer_port};
  for (const auto& l : c.listeners) b.listeners.push_back({l.name.str(), {l.host.str(), l.port}});
  b.rack = c.rack.str();
  b.cores = c.cores;
  b.version = c.software_version.str();
  for (const auto& f : c.features)
    b.features.emplace(f.name.str(), level_range{f.level_min, f.level_max});
  return b;
}

}  // namespace

const broker* state::find_broker(node_id id) const {
  const auto at = brokers_.find(id);
  return at == brokers_.end() ? nullptr : &at->second;
}

const broker* state::find_broker(const uuid& directory) const {
  const auto at = std::ranges::find_if(
      brokers_, [&](const auto& b) { return b.second.directory == directory; });
  return at == brokers_.end() ? nullptr : &at->second;
}

std::size_t state::replica_count(node_id id) const {
  const auto at = replica_counts_.find(id);
  return at == replica_counts_.end() ? 0 : at->second;
}

std::int16_t state::feature_level(std::string_view name) const {
  const auto at = feature_levels_.find(name);
  return at == feature_levels_.end() ? std::int16_t{0} : at->second;
}

node_id state::id_for(const uuid& directory, std::int32_t wished) const {
  const auto had =
      std::ranges::find_if(node_ids_, [&](const auto& n) { return n.second == directory; });
  if (had != node_ids_.end()) return had->first;
  if (wished >= 0 && !node_ids_.contains(node_id(wished))) return node_id(wished);
  // One that replicas name belongs to somebody who has not registered yet.
  node_id id{1};
  while (node_ids_.contains(id) || replica_counts_.contains(id)) ++id;
  return id;
}

state::outcome state::on(const stored::broker_registered& c) {
  if (!c.cluster_id.is_zero() && c.cluster_id != cluster_id_)
    return std::unexpected(refusal::foreign_cluster);
  if (!plausible(c)) return std::unexpected(refusal::malformed_broker);
  auto b = read(c);
  for (const auto& [name, level] : feature_levels_) {
    if (!b.supports(name, level)) return std::unexpected(refusal::unsupported_feature);
  }
  b.id = id_for(b.directory, c.wished_id);
  // What was wanted of it before it started again still is.
  if (const auto* before = find_broker(b.id)) b.state = before->state;
  node_ids_.emplace(b.id, b.directory);
  know_shards(b.id, b.cores);
  brokers_.insert_or_assign(b.id, std::move(b));
  return {};
}

state::outcome state::on(const stored::broker_unregistered& c) {
  const node_id id(c.node_id);
  if (!brokers_.contains(id)) return std::unexpected(refusal::unknown_broker);
  if (replica_count(id) > 0) return std::unexpected(refusal::broker_in_use);
  brokers_.erase(id);
  shard_loads_.erase(id);
  return {};
}

state::outcome state::on(const stored::broker_state_changed& c) {
  const auto at = brokers_.find(node_id(c.node_id));
  if (at == brokers_.end()) return std::unexpected(refusal::unknown_broker);
  const auto wanted = static_cast<broker_state>(c.state);
  if (!is_known(wanted)) return std::unexpected(refusal::unknown_broker_state);
  at->second.state = wanted;
  return {};
}

state::outcome state::check_level(std::string_view name, std::int16_t level, bool downgrade) const {
  if (level < feature_level(name) && !downgrade) return std::unexpected(refusal::feature_downgrade);
  // Without any broker nobody supports anything.
  const bool supported =
      level >= 0 && !brokers_.empty() &&
      std::ranges::all_of(brokers_, [&](const auto& b) { return b.second.supports(name, level); });
  return supported ? outcome{} : std::unexpected(refusal::unsupported_feature);
}

state::outcome state::on(const stored::feature_levels_changed& c) {
  for (const auto& f : c.features) {
    weir_try_void(check_level(f.name.view(), f.level, f.allow_downgrade));
  }
  for (const auto& f : c.features) {
    if (f.level > 0) {
      feature_levels_.insert_or_assign(f.name.str(), f.level);
    } else {
      feature_levels_.erase(f.name.str());
    }
  }
  ++features_epoch_;
  return {};
}

}  // namespace weir::catalog
