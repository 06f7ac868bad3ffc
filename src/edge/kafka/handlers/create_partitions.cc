// CreatePartitions: a topic's partitions only ever become more (KIP-195).
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>
#include <set>

#include "core/catalog/assignment_check.h"
#include "core/codec/create_partitions.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/topic_creation.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using asked_topic = kafka::create_partitions_request::topic;
using told_topic = kafka::create_partitions_response::result;

// What is wrong, as code and text; none if nothing.
std::pair<error_code, std::string> check(const cluster& state, const asked_topic& asked) {
  const auto* t = state.catalog().find(asked.name.view());
  if (!t) return {error_code::unknown_topic_or_partition, {}};
  const auto now = static_cast<std::int32_t>(t->partitions.size());
  if (asked.count == now)
    return {error_code::invalid_partitions, fmt::format("Topic already has {} partition(s).", now)};
  if (asked.count < now) {
    return {error_code::invalid_partitions,
            fmt::format("The topic {} currently has {} partition(s); {} would not be an increase.",
                        asked.name, now, asked.count)};
  }
  if (asked.count > topic_partitions_max) {
    return {error_code::invalid_partitions,
            fmt::format("{} partitions are more than the {} that a topic may have", asked.count,
                        topic_partitions_max)};
  }
  if (!asked.assignments) return {error_code::none, {}};
  const auto more = static_cast<std::size_t>(asked.count - now);
  if (asked.assignments->size() != more) {
    return {error_code::invalid_replica_assignment,
            fmt::format("Attempted to add {} additional partition(s), but only {} assignment(s) "
                        "were specified.",
                        more, asked.assignments->size())};
  }
  return {error_code::none, {}};
}

// Where the new ones go.
std::expected<chunked_vector<catalog::replica_list>, catalog::placement_fault> place(
    const cluster& state, const catalog::topic& t, const asked_topic& asked) {
  const auto facts = state.facts();
  const auto factor = t.partitions.front().replicas().size();
  const auto now = static_cast<std::int32_t>(t.partitions.size());
  if (!asked.assignments)
    return catalog::placement_planner(state.catalog(), facts)
        .place(asked.count - now, static_cast<std::int32_t>(factor), &t);
  chunked_vector<catalog::replica_list> out;
  for (const auto& a : *asked.assignments) {
    catalog::wished_partition wished{now + static_cast<std::int32_t>(out.size()), {}};
    for (const auto id : a.broker_ids) wished.replicas.push_back(node_id(id));
    weir_try_void(catalog::check_assignment(state.catalog(), facts, wished, factor));
    out.push_back(std::move(wished.replicas));
  }
  return out;
}

seastar::future<kafka::create_partitions_response> grow(services& with, const request&,
                                                        kafka::create_partitions_request in) {
  kafka::create_partitions_response out;
  std::map<std::string_view, int> times;
  for (const auto& asked : in.topics) ++times[asked.name.view()];
  std::set<std::string_view> repeated;
  for (const auto& asked : in.topics) {
    co_await seastar::coroutine::maybe_yield();
    const bool twice = times[asked.name.view()] > 1;
    // One that is there several times is told of once.
    if (twice && !repeated.insert(asked.name.view()).second) continue;
    auto& told = out.results.emplace_back();
    told.name = asked.name;
    auto [code, message] =
        twice ? std::pair(error_code::invalid_request, std::string("Duplicate topic name."))
              : check(with.state, asked);
    const auto* t = with.state.catalog().find(asked.name.view());
    auto placed =
        code == error_code::none
            ? place(with.state, *t, asked)
            : std::expected<chunked_vector<catalog::replica_list>, catalog::placement_fault>();
    if (!placed) {
      code = code_of(placed.error().what);
      message = std::move(placed.error().message);
    }
    if (code == error_code::none && !in.validate_only) {
      stored::partitions_added added;
      added.topic_id = t->id;
      added.total = asked.count;
      for (const auto& replicas : *placed) {
        auto& to = added.added.emplace_back();
        for (const auto node : replicas) to.replicas.push_back(node.value());
      }
      const auto done = co_await with.state.execute(std::move(added));
      if (!done) {
        code = code_of(done.error());
        message = kafka::describe(code).message;
      }
    }
    told.error = code;
    if (!message.empty()) told.error_message = text(std::move(message));
    with.meters.failed(code);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> create_partitions(services& with, request r) {
  return serve<kafka::create_partitions_request, &grow>(with, std::move(r));
}

}  // namespace weir::edge
