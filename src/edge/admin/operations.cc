#include "edge/admin/operations.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/sleep.hh>

#include "edge/admin/cluster_reports.h"
#include "edge/admin/routes.h"

namespace weir::edge {
namespace {

using catalog::broker_state;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto transfer_patience = 10s;
constexpr auto look_again = 20ms;
// A leader gives a transfer up after raft.election_timeout_ms: brokers that are busy may need more.
constexpr auto ask_again = 1s;

[[noreturn]] void fail(command_error error) {
  using seastar::httpd::base_exception;
  switch (error) {
    case command_error::unknown_broker:
      throw seastar::httpd::not_found_exception("the cluster has no such broker");
    case command_error::no_leader:
      throw base_exception(
          "nobody leads the cluster: most of the brokers that keep its state are down, or don't "
          "reach each other; nothing was changed",
          http_status::service_unavailable);
    case command_error::timed_out:
      throw base_exception(
          "no answer in time: it may have been done or not; look before you ask again",
          http_status::gateway_timeout);
    case command_error::stopping:
      throw base_exception("this broker is stopping; ask another one",
                           http_status::service_unavailable);
    case command_error::storage:
      throw base_exception("the disk of the cluster's leader does not take it",
                           http_status::service_unavailable);
    case command_error::topic_exists:
    case command_error::unknown_topic:
    case command_error::fewer_partitions:
    case command_error::malformed_replicas:
    case command_error::no_reassignment:
    case command_error::unsupported_feature:
    case command_error::refused:
    case command_error::stale:
      throw conflict("the cluster's state changed meanwhile, and does not allow it any more");
  }
  std::unreachable();
}

seastar::future<> carry_out(cluster& state, catalog::command c) {
  const auto done = co_await state.execute(std::move(c));
  if (!done) fail(done.error());
}

seastar::future<> set_state(cluster& state, node_id id, broker_state wanted) {
  if (broker_of(state, id).state == wanted) co_return;
  stored::broker_state_changed c;
  c.node_id = id.value();
  c.state = static_cast<std::int8_t>(wanted);
  co_await carry_out(state, c);
}

// Who goes away for a while should not lead the cluster either.
seastar::future<> give_up_control(cluster& state, node_id id) {
  if (state.controller() != id || !state.group0()) co_return;
  const auto voters = state.group0()->members().members.voters;
  for (const auto to : voters) {
    const auto* b = state.catalog().find_broker(to);
    if (to == id || !b || b->state != broker_state::active || !state.alive(to)) continue;
    if (co_await state.hand_over({}, to)) co_return;
  }
}

// Up, and has all that is committed.
bool can_lead(const cluster& state, const partition_key& key, node_id id) {
  const auto* now = state.leaders().find(key);
  return state.alive(id) && now && !now->is_behind(id);
}

node_id choose(const cluster& state, const partition_key& key, const catalog::placement& at) {
  const auto leader = state.leaders().leader_of(key);
  const auto fits = [&](node_id id) {
    return id != leader && can_lead(state, key, id) &&
           catalog::takes_work(state.catalog(), state.facts(), id);
  };
  const auto found = std::ranges::find_if(at.replicas(), fits);
  if (found == at.replicas().end())
    throw conflict(
        "no other broker can lead it: its other replicas are down, behind, or on brokers "
        "that are drained or in maintenance");
  return *found;
}

void check_target(const cluster& state, const partition_key& key, const catalog::placement& at,
                  node_id to) {
  if (!at.names(to))
    throw seastar::httpd::bad_request_exception(fmt::format(
        "broker {} has no replica of it; brokers {} have", to, fmt::join(at.replicas(), ", ")));
  if (!state.alive(to)) throw conflict(fmt::format("broker {} is down", to));
  if (!can_lead(state, key, to))
    throw conflict(fmt::format("broker {} has not caught up with the leader yet", to));
}

}  // namespace

seastar::future<json> decommission(cluster& state, node_id id) {
  (void)broker_of(state, id);
  const auto& brokers = state.catalog().brokers();
  const bool others = std::ranges::any_of(brokers, [&](const auto& b) {
    return b.first != id && b.second.state != broker_state::draining;
  });
  if (!others) throw conflict(fmt::format("no other broker could take what broker {} has", id));
  co_await set_state(state, id, broker_state::draining);
  co_return co_await report_decommission(state, id);
}

seastar::future<json> recommission(cluster& state, node_id id) {
  if (broker_of(state, id).state == broker_state::maintenance)
    throw conflict(
        fmt::format("broker {} is not being decommissioned, but in maintenance mode: "
                    "DELETE /v1/brokers/{}/maintenance",
                    id, id));
  co_await set_state(state, id, broker_state::active);
  co_return report_broker(state, id);
}

seastar::future<json> begin_maintenance(cluster& state, node_id id) {
  if (broker_of(state, id).state == broker_state::draining)
    throw conflict(fmt::format(
        "broker {} is being decommissioned, its leaders go anyway; recommission it first", id));
  co_await set_state(state, id, broker_state::maintenance);
  co_await give_up_control(state, id);
  co_return report_broker(state, id);
}

seastar::future<json> end_maintenance(cluster& state, node_id id) {
  if (broker_of(state, id).state == broker_state::draining)
    throw conflict(
        fmt::format("broker {} is not in maintenance mode, but being decommissioned: PUT "
                    "/v1/brokers/{}/recommission",
                    id, id));
  co_await set_state(state, id, broker_state::active);
  co_return report_broker(state, id);
}

seastar::future<json> forget_broker(cluster& state, node_id id) {
  (void)broker_of(state, id);
  // It would only come back.
  if (state.alive(id)) throw conflict(fmt::format("broker {} is up: stop it first", id));
  if (const auto left = state.catalog().replica_count(id); left > 0)
    throw conflict(fmt::format(
        "broker {} still has {} replicas: decommission it, and wait until that is finished", id,
        left));
  stored::broker_unregistered c;
  c.node_id = id.value();
  co_await carry_out(state, c);
  co_return json{{"node_id", id.value()}, {"forgotten", true}};
}

seastar::future<json> transfer_leadership(cluster& state, partition_key key,
                                          std::optional<node_id> target) {
  const auto* at = state.catalog().find(key);
  if (!at) throw seastar::httpd::not_found_exception("the partition was deleted");
  const auto from = state.leaders().leader_of(key);
  if (target && *target == from) co_return report_partition(state, key);
  if (target && !at->names(*target)) check_target(state, key, *at, *target);
  if (from == catalog::no_node || !state.alive(from))
    throw conflict("nobody leads it at the moment: there is nobody to hand it over");
  const auto to = target ? *target : choose(state, key, *at);
  check_target(state, key, *at, to);
  if (!co_await state.hand_over(key, to))
    throw conflict(
        fmt::format("broker {}, which leads it, can't hand it over now: its replicas are "
                    "changing, or broker {} has just fallen behind; try again",
                    from, to));
  auto asked = seastar::lowres_clock::now();
  const auto deadline = asked + transfer_patience;
  while (state.leaders().leader_of(key) != to) {
    const auto now = seastar::lowres_clock::now();
    if (now > deadline)
      throw seastar::httpd::base_exception(
          fmt::format("broker {} was asked to hand it over to broker {}, which does not lead yet",
                      from, to),
          http_status::gateway_timeout);
    if (now - asked > ask_again) {
      asked = now;
      (void)co_await state.hand_over(key, to);
    }
    co_await seastar::sleep(look_again);
  }
  co_return report_partition(state, key);
}

}  // namespace weir::edge
