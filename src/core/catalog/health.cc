#include "core/catalog/health.h"

#include <algorithm>
#include <span>

namespace weir::catalog {
namespace {

template <typename Each>
void for_each_partition(const state& s, const breath& b, Each each) {
  for (const auto& [name, t] : s.topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i) {
      each(partition_key{t->id, static_cast<std::int32_t>(i)}, t->partitions[i]);
      b.step();
    }
  }
}

template <typename Yes>
bool majority(std::span<const node_id> of, Yes yes) {
  return static_cast<std::size_t>(std::ranges::count_if(of, yes)) > of.size() / 2;
}

// While a partition moves, Raft may be at the replicas, at the target, or on the way, where both
// have to agree.
template <typename Yes>
bool either(const placement& at, Yes yes) {
  return majority(at.replicas(), yes) || (at.reassigning() && majority(at.target(), yes));
}

void add_brokers(const state& s, const broker_facts& facts, cluster_health& out) {
  out.brokers = s.brokers().size();
  for (const auto& [id, b] : s.brokers()) {
    if (!alive(facts, id)) out.down.push_back(id);
    switch (b.state) {
      case broker_state::active:
        break;
      case broker_state::maintenance:
        out.in_maintenance.push_back(id);
        break;
      case broker_state::draining:
        out.decommissions.push_back({.broker = id, .replicas_left = s.replica_count(id)});
        break;
    }
  }
}

}  // namespace

cluster_health health_of(const state& s, const broker_facts& facts, const leader_table& leaders,
                         const breath& b) {
  cluster_health out;
  out.partitions = s.partition_count();
  add_brokers(s, facts, out);
  const auto up = [&](node_id id) { return alive(facts, id); };
  for_each_partition(s, b, [&](const partition_key& key, const placement& at) {
    const auto* now = leaders.find(key);
    if (!now || !up(now->leader)) out.leaderless.add(key);
    if (!either(at, up)) out.offline.add(key);
    const auto whole = [&](node_id id) { return up(id) && !(now && now->is_behind(id)); };
    if (!std::ranges::all_of(at.replicas(), whole)) out.under_replicated.add(key);
    if (at.reassigning()) ++out.reassigning;
    for (auto& d : out.decommissions) {
      if (at.names(d.broker) && !std::ranges::contains(at.wanted(), d.broker)) ++d.moving;
    }
  });
  return out;
}

stop_risk risk_of_stopping(const state& s, const broker_facts& facts, const leader_table& leaders,
                           node_id broker, const breath& b) {
  stop_risk out;
  for_each_partition(s, b, [&](const partition_key& key, const placement& at) {
    const auto* now = leaders.find(key);
    if (now && now->leader == broker) ++out.leaders;
    if (!at.names(broker)) return;
    const auto good = [&](node_id id) { return alive(facts, id) && !(now && now->is_behind(id)); };
    const auto good_without = [&](node_id id) { return id != broker && good(id); };
    const auto loses = [&](std::span<const node_id> set) {
      return majority(set, good) && !majority(set, good_without);
    };
    if (!loses(at.replicas()) && !loses(at.target())) return;
    out.without_majority.add(key);
    if (std::ranges::none_of(at.named(), good_without)) out.last_copy.add(key);
  });
  return out;
}

}  // namespace weir::catalog
