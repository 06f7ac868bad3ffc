#include "edge/admin/cluster_reports.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>
#include <seastar/http/exception.hh>

#include "core/catalog/replica_balancer.h"

namespace weir::edge {
namespace {

using nlohmann::json;

constexpr std::size_t partitions_shown = 100;

json ids(std::span<const node_id> of) {
  json all = json::array();
  for (const auto id : of) all.push_back(id.value());
  return all;
}

std::string topic_name(const cluster& state, const partition_key& key) {
  const auto* t = state.catalog().find(key.topic_id);
  return t ? t->name : key.topic_id.str();
}

json named(const cluster& state, const partition_key& key) {
  return {{"topic", topic_name(state, key)}, {"partition", key.partition}};
}

json named(const cluster& state, const catalog::partition_list& list) {
  json all = json::array();
  for (const auto& key : list.some) all.push_back(named(state, key));
  return all;
}

template <typename Each>
void for_each_partition(const cluster& state, Each each) {
  for (const auto& [name, t] : state.catalog().topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i)
      each(partition_key{t->id, static_cast<std::int32_t>(i)}, t->partitions[i]);
  }
}

// Who is down leads nothing, though nobody else may have said that it leads now.
std::map<node_id, std::size_t> leaders_by_broker(const cluster& state) {
  std::map<node_id, std::size_t> all;
  for_each_partition(state, [&](const partition_key& key, const catalog::placement&) {
    if (const auto leader = state.leaders().leader_of(key); leader != catalog::no_node)
      ++all[leader];
  });
  std::erase_if(all, [&](const auto& of) { return !state.alive(of.first); });
  return all;
}

json describe(const cluster& state, const catalog::broker& b, std::size_t leads) {
  using catalog::broker_state;
  const auto facts = state.facts();
  const auto& fact = facts.at(b.id);
  const bool maintained = b.state == broker_state::maintenance;
  json out{{"node_id", b.id.value()},
           {"kafka_address", b.listeners.empty() ? "" : format_host_port(b.listeners.front().at)},
           {"rpc_address", format_host_port(b.peer)},
           {"rack", b.rack},
           {"num_cores", b.cores},
           {"version", b.version},
           {"membership_status", b.state == broker_state::draining ? "draining" : "active"},
           {"maintenance_status",
            {{"draining", maintained},
             {"finished", maintained && leads == 0},
             {"partitions", state.catalog().replica_count(b.id)},
             {"transferring", maintained ? leads : 0}}},
           {"is_alive", fact.alive},
           {"is_controller", state.controller() == b.id},
           {"leaders", leads},
           {"replicas", state.catalog().replica_count(b.id)}};
  if (!fact.alive) out["silent_ms"] = fact.silent_ms;
  if (fact.disk_bytes > 0)
    out["disk_space"] = {{"total", fact.disk_bytes},
                         {"free", fact.disk_bytes - std::min(fact.disk_used, fact.disk_bytes)}};
  return out;
}

const char* explain(catalog::obstacle::kind why) {
  using enum catalog::obstacle::kind;
  switch (why) {
    case too_few_brokers:
      return "no broker is left that could take a copy and has none yet: start another broker, or "
             "have fewer replicas";
    case disks_full:
      return "the brokers that could take a copy have no room on their disks";
    case no_majority:
      return "so many of its copies are down that it can't be moved: bring their brokers back";
  }
  return "";
}

const char* name_of(catalog::obstacle::kind why) {
  using enum catalog::obstacle::kind;
  switch (why) {
    case too_few_brokers:
      return "too_few_brokers";
    case disks_full:
      return "disks_full";
    case no_majority:
      return "no_majority";
  }
  return "";
}

json reasons(const catalog::cluster_health& h) {
  json why = json::array();
  if (!h.down.empty()) why.push_back("nodes_down");
  if (h.leaderless.count > 0) why.push_back("leaderless_partitions");
  if (h.under_replicated.count > 0) why.push_back("under_replicated_partitions");
  return why;
}

}  // namespace

const catalog::broker& broker_of(const cluster& state, node_id id) {
  if (const auto* b = state.catalog().find_broker(id)) return *b;
  throw seastar::httpd::not_found_exception(
      fmt::format("the cluster has no broker {}: GET /v1/brokers", id));
}

partition_key partition_of(const cluster& state, const std::string& topic, std::int32_t partition) {
  const auto* t = state.catalog().find(topic);
  if (!t) throw seastar::httpd::not_found_exception(fmt::format("no topic '{}'", topic));
  if (static_cast<std::size_t>(partition) >= t->partitions.size())
    throw seastar::httpd::not_found_exception(
        fmt::format("topic '{}' has no partition {}, only 0 to {}", topic, partition,
                    t->partitions.size() - 1));
  return {t->id, partition};
}

json report_brokers(const cluster& state) {
  const auto leads = leaders_by_broker(state);
  json all = json::array();
  for (const auto& [id, b] : state.catalog().brokers()) {
    const auto at = leads.find(id);
    all.push_back(describe(state, b, at == leads.end() ? 0 : at->second));
  }
  return all;
}

json report_broker(const cluster& state, node_id id) {
  const auto& b = broker_of(state, id);
  return describe(state, b, leaders_by_broker(state)[id]);
}

seastar::future<json> report_decommission(cluster& state, node_id id) {
  const auto& b = broker_of(state, id);
  const bool draining = b.state == catalog::broker_state::draining;
  json out{{"node_id", id.value()},
           {"draining", draining},
           {"replicas_left", state.catalog().replica_count(id)},
           {"finished", draining && state.catalog().replica_count(id) == 0},
           {"hindrances", json::array()},
           {"partitions", json::array()}};
  if (!draining) co_return out;
  std::size_t moving = 0;
  for_each_partition(state, [&](const partition_key& key, const catalog::placement& at) {
    if (!at.names(id)) return;
    if (!std::ranges::contains(at.wanted(), id)) ++moving;
    if (out["partitions"].size() < partitions_shown)
      out["partitions"].push_back(report_partition(state, key));
  });
  out["moving"] = moving;
  catalog::replica_plan plan;
  co_await state.walk([&](const catalog::breath& breath) {
    plan = catalog::plan_moves(state.catalog(), state.facts(), state.leaders(), {}, breath);
  });
  for (const auto& o : plan.obstacles) {
    if (o.broker != id) continue;
    out["hindrances"].push_back({{"reason", name_of(o.why)},
                                 {"explanation", explain(o.why)},
                                 {"partitions", o.partitions},
                                 {"example", named(state, o.example)}});
  }
  co_return out;
}

seastar::future<json> report_health(cluster& state) {
  catalog::cluster_health h;
  co_await state.walk([&](const catalog::breath& breath) {
    h = catalog::health_of(state.catalog(), state.facts(), state.leaders(), breath);
  });
  json decommissions = json::array();
  for (const auto& d : h.decommissions)
    decommissions.push_back({{"node_id", d.broker.value()},
                             {"replicas_left", d.replicas_left},
                             {"moving", d.moving},
                             {"finished", d.replicas_left == 0}});
  json all = json::array();
  for (const auto& [id, b] : state.catalog().brokers()) all.push_back(id.value());
  co_return json{{"is_healthy", h.healthy()},
                 {"unhealthy_reasons", reasons(h)},
                 {"controller_id", state.controller().value()},
                 {"all_nodes", all},
                 {"nodes_down", ids(h.down)},
                 {"nodes_in_maintenance", ids(h.in_maintenance)},
                 {"decommissions", decommissions},
                 {"partitions", h.partitions},
                 {"leaderless_count", h.leaderless.count},
                 {"leaderless_partitions", named(state, h.leaderless)},
                 {"offline_count", h.offline.count},
                 {"offline_partitions", named(state, h.offline)},
                 {"under_replicated_count", h.under_replicated.count},
                 {"under_replicated_partitions", named(state, h.under_replicated)},
                 {"reassigning_count", h.reassigning}};
}

seastar::future<json> report_stop_risk(cluster& state, node_id id) {
  (void)broker_of(state, id);
  catalog::stop_risk r;
  co_await state.walk([&](const catalog::breath& breath) {
    r = catalog::risk_of_stopping(state.catalog(), state.facts(), state.leaders(), id, breath);
  });
  co_return json{{"node_id", id.value()},
                 {"safe", r.safe()},
                 {"without_majority_count", r.without_majority.count},
                 {"without_majority", named(state, r.without_majority)},
                 {"last_copy_count", r.last_copy.count},
                 {"last_copy", named(state, r.last_copy)},
                 {"leaders", r.leaders}};
}

json report_partition(const cluster& state, const partition_key& key) {
  const auto* at = state.catalog().find(key);
  if (!at) throw seastar::httpd::not_found_exception("the partition was deleted");
  const auto known = state.leader_of(key);
  const auto* now = state.leaders().find(key);
  json replicas = json::array();
  bool whole = true;
  for (const auto id : at->named()) {
    const bool up = state.alive(id);
    const bool behind = now && now->is_behind(id);
    if (std::ranges::contains(at->replicas(), id)) whole = whole && up && !behind;
    replicas.push_back({{"node_id", id.value()}, {"is_alive", up}, {"is_behind", behind}});
  }
  const bool led = known.node != catalog::no_node && state.alive(known.node);
  return {{"ns", "kafka"},
          {"topic", topic_name(state, key)},
          {"partition", key.partition},
          {"partition_id", key.partition},
          {"status", !led                ? "leaderless"
                     : !whole            ? "under_replicated"
                     : at->reassigning() ? "moving"
                                         : "ok"},
          {"leader_id", led ? known.node.value() : -1},
          {"leader_epoch", known.epoch},
          {"preferred_leader_id", at->replicas().front().value()},
          {"replicas", replicas},
          {"target", ids(at->target())},
          {"leaving", ids(at->leaving())},
          {"size_bytes", now ? now->bytes : 0}};
}

seastar::future<json> report_placed(const cluster& state, std::string topic) {
  std::vector<uuid> topics;
  for (const auto& [name, t] : state.catalog().topics()) {
    if (topic.empty() || name == topic) topics.push_back(t->id);
  }
  if (topics.empty() && !topic.empty())
    throw seastar::httpd::not_found_exception(fmt::format("no topic '{}'", topic));
  json all = json::array();
  // The state may change at each pause.
  for (const auto& id : topics) {
    for (std::int32_t p = 0; state.catalog().find(partition_key{id, p}); ++p) {
      all.push_back(report_partition(state, {id, p}));
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return all;
}

}  // namespace weir::edge
