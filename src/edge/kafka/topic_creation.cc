#include "edge/kafka/topic_creation.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/errors.h"

namespace weir::edge {

std::optional<new_topic_plan> default_topic(const cluster& state, std::string name) {
  const auto options = state.options();
  const auto facts = state.facts();
  auto placed = catalog::placement_planner(state.catalog(), facts)
                    .place(static_cast<std::int32_t>(options.topics_partitions_default),
                           static_cast<std::int32_t>(options.topics_replicas_default));
  if (!placed) return std::nullopt;
  return new_topic_plan{.name = std::move(name), .partitions = *std::move(placed), .configs = {}};
}

kafka::error_code code_of(catalog::placement_fault::kind fault) {
  switch (fault) {
    case catalog::placement_fault::kind::replication_factor:
      return kafka::error_code::invalid_replication_factor;
    case catalog::placement_fault::kind::assignment:
      return kafka::error_code::invalid_replica_assignment;
    case catalog::placement_fault::kind::partitions:
      return kafka::error_code::invalid_partitions;
  }
  return kafka::error_code::unknown_server_error;
}

seastar::future<kafka::error_code> create(services& with, const new_topic_plan& plan, uuid id) {
  stored::topic_created c;
  c.name = text(plan.name);
  c.topic_id = id;
  for (const auto& replicas : plan.partitions) {
    auto& placed = c.partitions.emplace_back();
    for (const auto node : replicas) placed.replicas.push_back(node.value());
  }
  for (const auto& [name, value] : layer_to_text(plan.configs)) {
    auto& set = c.configs.emplace_back();
    set.name = text(name);
    set.value = text(value);
  }
  const auto done = co_await with.state.execute(std::move(c));
  co_return done ? kafka::error_code::none : code_of(done.error());
}

}  // namespace weir::edge
