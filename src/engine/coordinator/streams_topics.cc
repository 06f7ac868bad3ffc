#include "engine/coordinator/streams_topics.h"

#include <fmt/format.h>
#include <seastar/core/coroutine.hh>

#include <expected>
#include <vector>

#include "core/base/check.h"
#include "core/catalog/placement_planner.h"
#include "core/options/change.h"
#include "engine/coordinator/coordinator_log.h"

namespace weir {
namespace {

// As many as CreateTopics lets a topic have.
constexpr std::int32_t partitions_max = 10'000;

std::expected<stored::topic_created, std::string> planned(cluster& state,
                                                          const group::internal_topic& wanted) {
  if (wanted.partitions < 1 || wanted.partitions > partitions_max) {
    return std::unexpected(fmt::format("{} partitions can't be made: a topic may have 1 to {}",
                                       wanted.partitions, partitions_max));
  }
  const auto factor = wanted.replication_factor > 0
                          ? std::int64_t{wanted.replication_factor}
                          : std::int64_t{state.options().topics_replicas_default};
  const auto facts = state.facts();
  const auto placed = catalog::placement_planner(state.catalog(), facts)
                          .place(wanted.partitions, static_cast<std::int32_t>(factor));
  if (!placed) return std::unexpected(placed.error().message);
  std::vector<option_setting> settings;
  settings.reserve(wanted.configs.size());
  for (const auto& [name, value] : wanted.configs) settings.push_back({name.view(), value.view()});
  const auto layer = new_topic(state.layers(), settings);
  if (!layer) return std::unexpected(layer.error().message);

  stored::topic_created out;
  out.name = wanted.name;
  out.topic_id = state.new_uuid();
  for (const auto& replicas : *placed) {
    auto& p = out.partitions.emplace_back();
    for (const auto node : replicas) p.replicas.push_back(node.value());
  }
  for (const auto& [name, value] : layer_to_text(*layer)) {
    auto& set = out.configs.emplace_back();
    set.name = text(name);
    set.value = text(value);
  }
  return out;
}

}  // namespace

seastar::future<std::map<text, std::string>> make_streams_topics(
    cluster& state, const group::internal_topics_wanted& wanted) {
  std::map<text, std::string> failures;
  for (const auto& topic : wanted.topics) {
    if (state.catalog().find(topic.name.view())) continue;
    auto plan = planned(state, topic);
    if (!plan) {
      coordinator_log.warn("streams group {}: {} can't be created: {}", wanted.group_id, topic.name,
                           plan.error());
      failures.emplace(topic.name, std::move(plan.error()));
      continue;
    }
    const auto done = co_await state.execute(*std::move(plan));
    // Another member's heartbeat may have been faster.
    if (done || done.error() == command_error::topic_exists) continue;
    coordinator_log.warn("streams group {}: {} can't be created now ({})", wanted.group_id,
                         topic.name, static_cast<int>(done.error()));
    failures.emplace(topic.name, "The cluster can't create topics now.");
  }
  co_return failures;
}

}  // namespace weir
