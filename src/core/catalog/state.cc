#include "core/catalog/state.h"

#include <algorithm>
#include <charconv>

namespace weir::catalog {
namespace {

template <typename Placements>
void add_partitions(topic& t, const Placements& placements) {
  for (const auto& p : placements) {
    auto& replicas = t.partitions.emplace_back();
    for (const auto id : p.replicas) replicas.emplace_back(id);
  }
}

template <typename Settings>
option_layer layer_of(const Settings& settings) {
  std::map<std::string, std::string> text;
  for (const auto& s : settings) text.emplace(s.name.str(), s.value.str());
  // What a newer version wrote and this one does not know has no effect here.
  std::vector<option_error> dropped;
  return layer_from_text(text, dropped);
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

const option_layer* state::broker_configs(node_id node) const {
  const auto at = broker_configs_.find(node);
  return at == broker_configs_.end() ? nullptr : &at->second;
}

std::expected<void, refusal> state::on(const stored::cluster_created& c) {
  if (!cluster_id_.is_zero()) return std::unexpected(refusal::cluster_exists);
  cluster_id_ = c.cluster_id;
  return {};
}

std::expected<void, refusal> state::on(const stored::topic_created& c) {
  if (topics_.contains(c.name.view()) || by_id_.contains(c.topic_id))
    return std::unexpected(refusal::topic_exists);
  auto t = std::make_unique<topic>();
  t->name = c.name.str();
  t->id = c.topic_id;
  t->configs = layer_of(c.configs);
  add_partitions(*t, c.partitions);
  partition_count_ += t->partitions.size();
  by_id_.emplace(t->id, t.get());
  topics_.emplace(t->name, std::move(t));
  return {};
}

std::expected<void, refusal> state::on(const stored::topic_deleted& c) {
  const auto at = by_id_.find(c.topic_id);
  if (at == by_id_.end()) return std::unexpected(refusal::unknown_topic);
  const auto named = topics_.find(at->second->name);
  partition_count_ -= named->second->partitions.size();
  by_id_.erase(at);
  topics_.erase(named);
  return {};
}

std::expected<void, refusal> state::on(const stored::partitions_added& c) {
  const auto at = by_id_.find(c.topic_id);
  if (at == by_id_.end()) return std::unexpected(refusal::unknown_topic);
  auto& t = *at->second;
  if (t.partitions.size() + c.added.size() != static_cast<std::size_t>(c.total)) {
    return std::unexpected(refusal::fewer_partitions);
  }
  add_partitions(t, c.added);
  partition_count_ += c.added.size();
  return {};
}

std::expected<void, refusal> state::on(const stored::configs_changed& c) {
  if (c.resource_type == topic_resource) {
    const auto at = topics_.find(c.resource_name.view());
    if (at == topics_.end()) return std::unexpected(refusal::unknown_topic);
    at->second->configs = layer_of(c.configs);
    return {};
  }
  const auto name = c.resource_name.view();
  std::int32_t node = -1;
  if (name.empty()) {
    cluster_configs_ = layer_of(c.configs);
  } else if (std::from_chars(name.data(), name.data() + name.size(), node).ec == std::errc{}) {
    broker_configs_[node_id(node)] = layer_of(c.configs);
  }
  return {};
}

std::expected<void, refusal> state::on(const stored::producer_ids_allocated& c) {
  next_producer_id_ = std::max(next_producer_id_, c.next_producer_id);
  return {};
}

}  // namespace weir::catalog
