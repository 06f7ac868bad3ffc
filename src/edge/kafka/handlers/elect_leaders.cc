// ElectLeaders (KIP-183, KIP-460). Preferred: the leader is asked to hand over, and the answer says
// whether the preferred replica leads. Unclean: Weir's partitions never lead with less than was
// acknowledged, so there is no such election; what Kafka says where none is needed, or possible.
#include <seastar/core/coroutine.hh>
#include <seastar/core/loop.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/catalog/leader_balancer.h"
#include "core/codec/elect_leaders.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using told_partition = kafka::elect_leaders_response::partition_result_info;
using standing = catalog::preferred_election::answer;

constexpr std::int8_t preferred = 0;
constexpr std::int8_t unclean = 1;
constexpr std::size_t hand_overs_at_once = 64;
constexpr std::chrono::milliseconds look_again{20};
// A leader that can't now (a change is under way) is asked again.
constexpr std::chrono::milliseconds ask_again{500};
constexpr std::chrono::milliseconds patience_max{600'000};
// Who is behind is told every five seconds (engine/cluster/leaders.cc), and of a new leader that
// has not heard of its followers yet all are.
constexpr std::chrono::milliseconds behind_at_most{6'000};

struct election {
  partition_key key;
  told_partition* told;
  seastar::lowres_clock::time_point since = seastar::lowres_clock::now();
  seastar::lowres_clock::time_point asked{};
};

void refuse(told_partition& told, error_code code) {
  told.error = code;
  told.error_message = text(std::string(kafka::describe(code).message));
}

// What is known of a replica that is up may be out of date; a broker that is down is down.
bool may_catch_up(const cluster& state, const catalog::broker_facts& facts, const election& e) {
  const auto* at = state.catalog().find(e.key);
  return at && catalog::takes_work(state.catalog(), facts, at->wanted().front()) &&
         seastar::lowres_clock::now() - e.since < behind_at_most;
}

// Whether it stays in the running.
bool take_stock(const services& with, const catalog::broker_facts& facts, const election& e) {
  auto now = catalog::plan_preferred(with.state.catalog(), facts, with.state.leaders(), e.key).what;
  // A leader that fell silent leads no more, though nobody else does yet.
  const bool led = with.state.leader_of(e.key).node != catalog::no_node;
  if (now == standing::not_needed && !led) now = standing::leaderless;
  const bool asked = e.asked != seastar::lowres_clock::time_point{};
  switch (now) {
    case standing::transfer:
      return true;
    case standing::not_needed:
      if (!asked) refuse(*e.told, error_code::election_not_needed);
      return false;
    case standing::leaderless:
      // On its way from one to the other.
      if (asked) return true;
      refuse(*e.told, error_code::preferred_leader_not_available);
      return false;
    case standing::preferred_not_available:
      if (may_catch_up(with.state, facts, e)) return true;
      refuse(*e.told, error_code::preferred_leader_not_available);
      return false;
    case standing::unknown_partition:  // deleted meanwhile
      refuse(*e.told, error_code::unknown_topic_or_partition);
      return false;
  }
  return false;
}

seastar::future<> hand_over(services& with, const catalog::broker_facts& facts, election& e) {
  const auto now = seastar::lowres_clock::now();
  if (now - e.asked < ask_again) co_return;
  const auto plan =
      catalog::plan_preferred(with.state.catalog(), facts, with.state.leaders(), e.key);
  if (plan.what != standing::transfer) co_return;
  e.asked = now;
  (void)co_await with.state.hand_over(e.key, plan.to);
}

seastar::future<> elect_preferred(services& with, std::vector<election> running,
                                  seastar::lowres_clock::time_point deadline) {
  while (true) {
    const auto facts = with.state.facts();
    std::vector<election> still;
    for (auto& e : running) {
      if (take_stock(with, facts, e)) still.push_back(e);
      co_await seastar::coroutine::maybe_yield();
    }
    running = std::move(still);
    if (running.empty()) co_return;
    if (seastar::lowres_clock::now() >= deadline || with.background.stopping()) {
      for (const auto& e : running) refuse(*e.told, error_code::request_timed_out);
      co_return;
    }
    co_await seastar::max_concurrent_for_each(
        running, hand_overs_at_once, [&](election& e) { return hand_over(with, facts, e); });
    (void)co_await with.background.stopped_within(look_again);
  }
}

void elect_unclean(const cluster& state, const election& e) {
  const auto leader = state.leader_of(e.key).node;
  const bool led = leader != catalog::no_node && state.alive(leader);
  refuse(*e.told,
         led ? error_code::election_not_needed : error_code::eligible_leaders_not_available);
}

using asked_topics = std::optional<chunked_vector<kafka::elect_leaders_request::topic_partition>>;

// Every partition that there is, where the client asks for no particular ones.
void name_all(const cluster& state, kafka::elect_leaders_response& out) {
  for (const auto& [name, t] : state.catalog().topics()) {
    auto& told = out.replica_election_results.emplace_back();
    told.topic = text(name);
    for (std::size_t i = 0; i < t->partitions.size(); ++i)
      told.partition_result.emplace_back().partition_id = static_cast<std::int32_t>(i);
  }
}

void name_asked(const asked_topics& asked, kafka::elect_leaders_response& out) {
  for (const auto& topic : *asked) {
    auto& told = out.replica_election_results.emplace_back();
    told.topic = topic.topic;
    for (const auto index : topic.partitions)
      told.partition_result.emplace_back().partition_id = index;
  }
}

// Those that exist; the others are told so.
std::vector<election> begin(const cluster& state, kafka::elect_leaders_response& out) {
  std::vector<election> all;
  for (auto& topic : out.replica_election_results) {
    const auto* t = state.catalog().find(topic.topic.view());
    for (auto& told : topic.partition_result) {
      told.error_message.reset();
      if (t && state.catalog().find(partition_key{t->id, told.partition_id})) {
        all.push_back({.key = {t->id, told.partition_id}, .told = &told});
        continue;
      }
      told.error = error_code::unknown_topic_or_partition;
      told.error_message =
          t ? text(fmt::format("No such partition as {}-{}", topic.topic, told.partition_id))
            : text(fmt::format("No such topic as {}", topic.topic));
    }
  }
  return all;
}

void refuse_type(const kafka::elect_leaders_request& in, kafka::elect_leaders_response& out) {
  name_asked(in.topic_partitions, out);
  for (auto& topic : out.replica_election_results) {
    for (auto& told : topic.partition_result) {
      told.error = error_code::invalid_request;
      told.error_message = text(fmt::format("Unknown election type {}", in.election_type));
    }
  }
}

seastar::future<kafka::elect_leaders_response> elect(services& with, const request&,
                                                     kafka::elect_leaders_request in) {
  kafka::elect_leaders_response out;
  if (in.election_type != preferred && in.election_type != unclean) {
    out.error = error_code::invalid_request;
    with.meters.failed(out.error);
    if (in.topic_partitions) refuse_type(in, out);
    co_return out;
  }
  in.topic_partitions ? name_asked(in.topic_partitions, out) : name_all(with.state, out);
  auto all = begin(with.state, out);
  if (in.election_type == unclean) {
    for (const auto& e : all) elect_unclean(with.state, e);
  } else {
    const auto patience = std::clamp(std::chrono::milliseconds(in.timeout_ms),
                                     std::chrono::milliseconds(0), patience_max);
    co_await elect_preferred(with, std::move(all), seastar::lowres_clock::now() + patience);
  }
  for (auto& topic : out.replica_election_results) {
    if (!in.topic_partitions) {
      // Of all that there are, those that had the wanted leader already are not told.
      decltype(topic.partition_result) rest;
      for (auto& told : topic.partition_result) {
        if (told.error != error_code::election_not_needed) rest.push_back(std::move(told));
      }
      topic.partition_result = std::move(rest);
    }
    for (const auto& told : topic.partition_result) with.meters.failed(told.error);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> elect_leaders(services& with, request r) {
  return serve<kafka::elect_leaders_request, &elect>(with, std::move(r));
}

}  // namespace weir::edge
