// CreateTopics. Each topic is checked and made by itself: one bad one does not spoil the others.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>
#include <set>

#include "core/base/check.h"
#include "core/catalog/assignment_check.h"
#include "core/codec/create_topics.h"
#include "core/options/change.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/topic_creation.h"
#include "edge/kafka/topic_names.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using asked_topic = kafka::create_topics_request::topic;
using told_topic = kafka::create_topics_response::topic;

struct refusal {
  error_code code;
  std::string message;
};
template <typename T>
using outcome = std::expected<T, refusal>;

std::unexpected<refusal> refuse(error_code code, std::string message) {
  return std::unexpected(refusal{code, std::move(message)});
}

outcome<void> check_name(const cluster& state, std::string_view name) {
  if (auto fault = topic_name_fault(name))
    return refuse(error_code::invalid_topic_exception, *fault);
  if (state.catalog().find(name)) {
    return refuse(error_code::topic_already_exists,
                  fmt::format("Topic '{}' already exists.", name));
  }
  if (name.find_first_of("._") == std::string_view::npos) return {};
  for (const auto& [other, t] : state.catalog().topics()) {
    if (topic_names_collide(name, other)) {
      return refuse(error_code::invalid_topic_exception,
                    fmt::format("Topic '{}' collides with existing topic: {}", name, other));
    }
  }
  return {};
}

outcome<chunked_vector<catalog::replica_list>> assigned(const cluster& state,
                                                        const asked_topic& asked) {
  if (asked.num_partitions != -1) {
    return refuse(
        error_code::invalid_request,
        "A manual partition assignment was specified, but numPartitions was not set to -1.");
  }
  if (asked.replication_factor != -1) {
    return refuse(
        error_code::invalid_request,
        "A manual partition assignment was specified, but replication factor was not set to -1.");
  }
  std::vector<catalog::wished_partition> wished;
  for (const auto& a : asked.assignments) {
    auto& w = wished.emplace_back(catalog::wished_partition{a.partition_index, {}});
    for (const auto id : a.broker_ids) w.replicas.push_back(node_id(id));
  }
  const auto facts = state.facts();
  auto checked = catalog::check_assignments(state.catalog(), facts, std::move(wished));
  if (!checked) return refuse(code_of(checked.error().what), std::move(checked.error().message));
  chunked_vector<catalog::replica_list> out;
  for (auto& replicas : *checked) out.push_back(std::move(replicas));
  return out;
}

outcome<chunked_vector<catalog::replica_list>> counted(const cluster& state,
                                                       const asked_topic& asked) {
  const auto defaults = state.options();
  const auto count =
      asked.num_partitions == -1 ? defaults.topics_partitions_default : asked.num_partitions;
  const auto factor =
      asked.replication_factor == -1 ? defaults.topics_replicas_default : asked.replication_factor;
  if (count < 1) {
    return refuse(error_code::invalid_partitions,
                  "Number of partitions was set to an invalid non-positive value.");
  }
  if (count > topic_partitions_max) {
    return refuse(error_code::invalid_partitions,
                  fmt::format("{} partitions are more than the {} that a topic may have", count,
                              topic_partitions_max));
  }
  if (factor < 1) {
    return refuse(error_code::invalid_replication_factor,
                  "Replication factor must be larger than 0, or -1 to use the default value.");
  }
  const auto facts = state.facts();
  auto placed = catalog::placement_planner(state.catalog(), facts)
                    .place(static_cast<std::int32_t>(count), static_cast<std::int32_t>(factor));
  if (!placed) return refuse(code_of(placed.error().what), std::move(placed.error().message));
  return *std::move(placed);
}

outcome<new_topic_plan> plan_of(const cluster& state, const asked_topic& asked) {
  weir_try_void(check_name(state, asked.name.view()));
  new_topic_plan plan{.name = asked.name.str(), .partitions = {}, .configs = {}};
  plan.partitions = asked.assignments.empty() ? weir_try(counted(state, asked))
                                              : weir_try(assigned(state, asked));
  std::vector<option_setting> settings;
  for (const auto& c : asked.configs) {
    settings.push_back({c.name.view(), c.value ? std::optional(c.value->view()) : std::nullopt});
  }
  auto layer = new_topic(state.layers(), settings);
  if (!layer) return refuse(code_of(layer.error().code), layer.error().message);
  plan.configs = *std::move(layer);
  return plan;
}

void describe(const cluster& state, const new_topic_plan& plan, told_topic& told) {
  told.num_partitions = static_cast<std::int32_t>(plan.partitions.size());
  told.replication_factor = static_cast<std::int16_t>(plan.partitions.front().size());
  for (const auto& option : describe_topic(state.layers(&plan.configs))) {
    auto& c = told.configs->emplace_back();
    c.name = text(option.name);
    c.value = option.value ? std::optional(text(*option.value)) : std::nullopt;
    c.read_only = option.read_only;
    c.config_source = static_cast<std::int8_t>(option.source);
    c.is_sensitive = option.sensitive;
  }
}

seastar::future<kafka::create_topics_response> make(services& with, const request&,
                                                    kafka::create_topics_request in) {
  kafka::create_topics_response out;
  std::map<std::string_view, int> times;
  for (const auto& asked : in.topics) {
    ++times[asked.name.view()];
    co_await seastar::coroutine::maybe_yield();
  }
  std::set<std::string_view> repeated;
  for (const auto& asked : in.topics) {
    co_await seastar::coroutine::maybe_yield();
    // One that is there several times is told of once.
    if (times[asked.name.view()] > 1 && !repeated.insert(asked.name.view()).second) continue;
    auto& told = out.topics.emplace_back();
    told.name = asked.name;
    told.error_message.reset();
    outcome<new_topic_plan> plan =
        times[asked.name.view()] > 1 ? refuse(error_code::invalid_request, "Duplicate topic name.")
                                     : plan_of(with.state, asked);
    auto id = with.state.new_uuid();
    if (plan && !in.validate_only) {
      const auto code = co_await create(with, *plan, id);
      if (code != error_code::none) {
        plan = refuse(code, code == error_code::topic_already_exists
                                ? fmt::format("Topic '{}' already exists.", plan->name)
                                : std::string(kafka::describe(code).message));
      }
    }
    if (plan) {
      if (!in.validate_only) told.topic_id = id;
      describe(with.state, *plan, told);
    } else {
      told.error = plan.error().code;
      told.error_message = text(plan.error().message);
      with.meters.failed(told.error);
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> create_topics(services& with, request r) {
  return serve<kafka::create_topics_request, &make>(with, std::move(r));
}

}  // namespace weir::edge
