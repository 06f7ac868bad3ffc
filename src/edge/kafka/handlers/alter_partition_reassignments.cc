// AlterPartitionReassignments (KIP-455, KIP-860): where partitions are to be from now on, or that
// they stay where they were. One that is refused does not spoil the others.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>
#include <span>

#include "core/catalog/reassignment_request.h"
#include "core/codec/alter_partition_reassignments.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using asked_partition = kafka::alter_partition_reassignments_request::partition;
using told_partition = kafka::alter_partition_reassignments_response::partition;

// Carried out by one command.
constexpr std::size_t partitions_at_once = 256;

// What passed the checks.
struct wanted {
  partition_key key;
  std::int32_t version;  // of the placement that was looked at
  std::optional<catalog::replica_list> target;
  told_partition* told;
};

void refuse(told_partition& told, error_code code, std::string_view message) {
  told.error = code;
  told.error_message = text(std::string(message));
}

std::optional<catalog::replica_list> target_of(const asked_partition& asked) {
  if (!asked.replicas) return std::nullopt;
  catalog::replica_list out;
  for (const auto id : *asked.replicas) out.emplace_back(id);
  return out;
}

// Nothing, and told why, if it is not to be.
std::optional<wanted> check(const cluster& state, std::string_view topic,
                            const asked_partition& asked, const catalog::broker_facts& facts,
                            bool factor_may_change, told_partition& told) {
  const auto* t = state.catalog().find(topic);
  if (!t) {
    refuse(told, error_code::unknown_topic_or_partition,
           fmt::format("Unable to find a topic named {}.", topic));
    return std::nullopt;
  }
  const partition_key key{t->id, asked.partition_index};
  const auto* at = state.catalog().find(key);
  if (!at) {
    refuse(told, error_code::unknown_topic_or_partition,
           fmt::format("Unable to find partition {}:{}.", topic, key.partition));
    return std::nullopt;
  }
  auto target = target_of(asked);
  const auto fits =
      catalog::check_reassignment(state.catalog(), facts, key, target, factor_may_change);
  if (!fits) {
    refuse(told, code_of(fits.error().what), fits.error().message);
    return std::nullopt;
  }
  return wanted{key, at->version(), std::move(target), &told};
}

// All of `some` have a target, or none has. For the placements that were looked at: what somebody
// else has begun meanwhile is not undone.
catalog::command command_for(std::span<const wanted> some) {
  const auto name = [](const wanted& w, auto& p) {
    p.topic_id = w.key.topic_id;
    p.partition = w.key.partition;
    p.version = w.version;
  };
  if (!some.front().target) {
    stored::reassignments_cancelled stay;
    for (const auto& w : some) name(w, stay.partitions.emplace_back());
    return stay;
  }
  stored::reassignments_begun go;
  for (const auto& w : some) {
    auto& p = go.partitions.emplace_back();
    name(w, p);
    for (const auto node : *w.target) p.replicas.push_back(node.value());
  }
  return go;
}

seastar::future<> carry_out(cluster& state, std::span<const wanted> some) {
  const auto done = co_await state.execute(command_for(some));
  if (done) co_return;
  const bool outcome_known = done.error() != command_error::timed_out &&
                             done.error() != command_error::no_leader &&
                             done.error() != command_error::stopping;
  if (some.size() > 1 && outcome_known) {
    // Done for all or for none: one of them must not keep the others from it.
    for (std::size_t i = 0; i < some.size(); ++i) co_await carry_out(state, some.subspan(i, 1));
    co_return;
  }
  // Of what was checked the placement alone can have changed.
  const auto code = done.error() == command_error::refused ? error_code::reassignment_in_progress
                                                           : code_of(done.error());
  for (const auto& w : some) refuse(*w.told, code, kafka::describe(code).message);
}

seastar::future<kafka::alter_partition_reassignments_response> alter(
    services& with, const request&, kafka::alter_partition_reassignments_request in) {
  kafka::alter_partition_reassignments_response out;
  out.error_message.reset();
  out.allow_replication_factor_change = in.allow_replication_factor_change;
  const auto facts = with.state.facts();
  std::vector<wanted> all;
  for (const auto& topic : in.topics) {
    auto& answered = out.responses.emplace_back();
    answered.name = topic.name;
    // At their places for good: the checked ones point there.
    answered.partitions.resize(topic.partitions.size());
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      auto& told = answered.partitions[i];
      told.partition_index = topic.partitions[i].partition_index;
      told.error_message.reset();
      auto good = check(with.state, topic.name.view(), topic.partitions[i], facts,
                        in.allow_replication_factor_change, told);
      if (good) all.push_back(*std::move(good));
      co_await seastar::coroutine::maybe_yield();
    }
  }
  std::ranges::stable_partition(all, [](const wanted& w) { return w.target.has_value(); });
  for (std::span<const wanted> left = all; !left.empty();) {
    std::size_t n = 1;
    while (n < std::min(left.size(), partitions_at_once) &&
           left[n].target.has_value() == left.front().target.has_value())
      ++n;
    co_await carry_out(with.state, left.first(n));
    left = left.subspan(n);
  }
  for (const auto& topic : out.responses) {
    for (const auto& p : topic.partitions) with.meters.failed(p.error);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> alter_partition_reassignments(services& with, request r) {
  return serve<kafka::alter_partition_reassignments_request, &alter>(with, std::move(r));
}

}  // namespace weir::edge
