#include "edge/kafka/topic_creation.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/errors.h"

namespace weir::edge {

new_topic_plan default_topic(const cluster& state, std::string name) {
  new_topic_plan plan{.name = std::move(name), .partitions = {}, .configs = {}};
  plan.partitions.resize(static_cast<std::size_t>(state.options().topics_partitions_default),
                         {state.settings().self.value()});
  return plan;
}

seastar::future<kafka::error_code> create(services& with, const new_topic_plan& plan, uuid id) {
  stored::topic_created c;
  c.name = text(plan.name);
  c.topic_id = id;
  for (const auto& replicas : plan.partitions) {
    auto& placed = c.partitions.emplace_back();
    for (const auto node : replicas) placed.replicas.push_back(node);
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
