// CreatePartitions: a topic's partitions only ever become more (KIP-195).
#include <seastar/core/coroutine.hh>

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
  if (!t)
    return {error_code::unknown_topic_or_partition,
            std::string(kafka::describe(error_code::unknown_topic_or_partition).message)};
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
  const auto self = state.settings().self.value();
  for (const auto& a : *asked.assignments) {
    if (a.broker_ids.size() != 1 || a.broker_ids[0] != self) {
      return {error_code::invalid_replica_assignment,
              "The manual partition assignment includes a broker that is not registered, or a "
              "replica count that is not the topic's."};
    }
  }
  return {error_code::none, {}};
}

seastar::future<kafka::create_partitions_response> grow(services& with, const request&,
                                                        kafka::create_partitions_request in) {
  kafka::create_partitions_response out;
  for (const auto& asked : in.topics) {
    auto& told = out.results.emplace_back();
    told.name = asked.name;
    auto [code, message] = check(with.state, asked);
    if (code == error_code::none && !in.validate_only) {
      const auto* t = with.state.catalog().find(asked.name.view());
      stored::partitions_added added;
      added.topic_id = t->id;
      added.total = asked.count;
      for (auto i = t->partitions.size(); i < static_cast<std::size_t>(asked.count); ++i) {
        added.added.emplace_back().replicas.push_back(with.state.settings().self.value());
      }
      const auto done = co_await with.state.execute(std::move(added));
      if (!done) {
        code = code_of(done.error());
        message = kafka::describe(code).message;
      }
    }
    told.error = code;
    if (code != error_code::none) told.error_message = text(std::move(message));
    with.meters.failed(code);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> create_partitions(services& with, request r) {
  return serve<kafka::create_partitions_request, &grow>(with, std::move(r));
}

}  // namespace weir::edge
