// What is set for topics, brokers, groups and client metrics.
#include <charconv>

#include "core/base/check.h"
#include "core/catalog/read_settings.h"
#include "core/catalog/state.h"

namespace weir::catalog {
namespace {

std::optional<node_id> node_of(std::string_view name) {
  std::int32_t node = -1;
  const auto* const end = name.data() + name.size();
  const auto [stop, wrong] = std::from_chars(name.data(), end, node);
  return wrong == std::errc() && stop == end ? std::optional(node_id(node)) : std::nullopt;
}

template <typename Sets, typename Key>
std::int64_t version_in(const Sets& sets, const Key& key) {
  const auto at = sets.find(key);
  return at == sets.end() ? 0 : at->second.version;
}

}  // namespace

const option_layer* state::broker_configs(node_id node) const {
  const auto at = broker_configs_.find(node);
  return at == broker_configs_.end() ? nullptr : &at->second.layer;
}

std::int64_t state::configs_version(std::int8_t type, std::string_view name) const {
  switch (type) {
    case topic_resource: {
      const auto* t = find(name);
      return t ? t->configs_version : 0;
    }
    case broker_resource: {
      if (name.empty()) return cluster_configs_.version;
      const auto node = node_of(name);
      return node ? version_in(broker_configs_, *node) : 0;
    }
    case group_resource:
      return version_in(group_configs_, name);
    case client_metrics_resource:
      return version_in(client_metrics_configs_, name);
    default:
      return 0;
  }
}

config_set* state::find_set(std::int8_t type, std::string_view name) {
  if (type == broker_resource) {
    if (name.empty()) return &cluster_configs_;
    const auto node = node_of(name);
    return node ? &broker_configs_[*node] : nullptr;
  }
  if (type != group_resource && type != client_metrics_resource) return nullptr;
  auto& sets = type == group_resource ? group_configs_ : client_metrics_configs_;
  return name.empty() ? nullptr : &sets.try_emplace(std::string(name)).first->second;
}

state::outcome state::on(const stored::configs_changed& c) {
  const auto name = c.resource_name.view();
  if (c.was >= 0 && c.was != configs_version(c.resource_type, name))
    return std::unexpected(refusal::stale_configs);
  config_set made;
  read_settings(c.configs, made.layer, made.unread);
  if (c.resource_type == topic_resource) {
    const auto at = topics_.find(name);
    if (at == topics_.end()) return std::unexpected(refusal::unknown_topic);
    at->second->configs = std::move(made.layer);
    at->second->unread_configs = std::move(made.unread);
    at->second->configs_version = ++config_changes_;
    return {};
  }
  auto* set = find_set(c.resource_type, name);
  if (!set) return std::unexpected(refusal::unknown_resource);
  made.version = ++config_changes_;
  *set = std::move(made);
  // Groups and subscriptions are there as long as anything is set for them.
  if (!c.configs.empty()) return {};
  if (c.resource_type == group_resource) group_configs_.erase(group_configs_.find(name));
  if (c.resource_type == client_metrics_resource)
    client_metrics_configs_.erase(client_metrics_configs_.find(name));
  return {};
}

}  // namespace weir::catalog
