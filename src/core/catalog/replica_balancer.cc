#include "core/catalog/replica_balancer.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/catalog/rebalanced_cluster.h"

namespace weir::catalog {
namespace {

// Moves without need leave so much room below the limit, so that they never cause a move with one.
constexpr std::uint64_t spare_percent = 10;

class rebalance {
 public:
  rebalance(const state& s, const broker_facts& facts, const leader_table& leaders,
            const balance_limits& limits, const breath& b)
      : limits_(limits), breath_(b), cluster_(s, facts, leaders, limits.dead_after_ms, b) {
    const auto moving = cluster_.moving();
    room_ = limits.moves_max > moving ? limits.moves_max - moving : 0;
  }

  replica_plan plan() {
    evict(move_reason::broker_dead);
    evict(move_reason::broker_draining);
    relieve_disks();
    widen();
    if (limits_.spread) spread();
    for (auto& [at, o] : obstacles_) out_.obstacles.push_back(o);
    return std::move(out_);
  }

 private:
  using node = rebalanced_cluster::node;
  using part = rebalanced_cluster::part;

  void begin(part& p, replica_list target, move_reason why) {
    out_.moves.push_back({p.key, p.version, target, why});
    cluster_.move(p, std::move(target));
    --room_;
  }
  void obstruct(node_id broker, obstacle::kind why, const partition_key& key) {
    auto& o = obstacles_.try_emplace({broker, why}, obstacle{broker, why, 0, key}).first->second;
    ++o.partitions;
  }
  [[nodiscard]] bool must_go(node_id id, move_reason why) const {
    const auto* n = cluster_.find(id);
    return n && (why == move_reason::broker_dead ? n->dead : n->draining);
  }

  void evict(move_reason why);
  void evict(part& p, move_reason why);
  void relieve_disks();
  void relieve(node& full);
  void widen();
  void spread();
  bool spread_one();
  part* lightest(node& from, node& to);
  [[nodiscard]] bool fits(const node& to, const part& p, std::uint64_t percent) const {
    return cluster_.used_percent_after(to, p.bytes) < percent;
  }
  // Who could take over a copy: not yet holding one, within the limit; first where the fewest
  // copies of this partition are in the rack, then the least loaded.
  const node* heir(const replica_list& others, const part& p) const;

  balance_limits limits_;
  const breath& breath_;
  rebalanced_cluster cluster_;
  std::size_t room_ = 0;
  replica_plan out_;
  std::map<std::pair<node_id, obstacle::kind>, obstacle> obstacles_;
};

void rebalance::evict(move_reason why) {
  for (auto& p : cluster_.parts()) {
    breath_.step();
    const bool concerned =
        std::ranges::any_of(p.replicas, [&](auto id) { return must_go(id, why); });
    if (concerned && p.movable) evict(p, why);
  }
}

void rebalance::evict(part& p, move_reason why) {
  const bool decides = cluster_.up(p.replicas) > p.replicas.size() / 2;
  replica_list holders;  // who has a copy afterwards
  for (const auto id : p.replicas) {
    if (!must_go(id, why)) holders.push_back(id);
  }
  auto target = p.replicas;
  for (auto& id : target) {
    if (!must_go(id, why)) continue;
    const auto* to = decides ? heir(holders, p) : nullptr;
    if (to) {
      id = to->id;
      holders.push_back(id);
      continue;
    }
    const auto reason = !decides                           ? obstacle::kind::no_majority
                        : cluster_.anyone_without(holders) ? obstacle::kind::disks_full
                                                           : obstacle::kind::too_few_brokers;
    obstruct(id, reason, p.key);
  }
  if (target != p.replicas && room_ > 0) begin(p, std::move(target), why);
}

const rebalance::node* rebalance::heir(const replica_list& others, const part& p) const {
  const node* found = nullptr;
  const auto rank = [&](const node& n) {
    return std::tuple(cluster_.in_rack(others, n.rack), n.load.replicas,
                      cluster_.used_percent_after(n, p.bytes), n.id);
  };
  for (const auto& [id, n] : cluster_.nodes()) {
    if (!n.takes_work || std::ranges::contains(others, id)) continue;
    if (!fits(n, p, limits_.disk_percent_max)) continue;
    if (!found || rank(n) < rank(*found)) found = &n;
  }
  return found;
}

void rebalance::relieve_disks() {
  std::vector<std::pair<std::uint64_t, node_id>> full;
  for (const auto& [id, n] : cluster_.nodes()) {
    const auto used = cluster_.used_percent_after(n, 0);
    if (used >= limits_.disk_percent_max && !n.dead) full.emplace_back(used, id);
  }
  std::ranges::sort(full, std::greater<>());
  for (const auto& [used, id] : full) relieve(*cluster_.find(id));
}

// The largest first: so the fewest partitions move.
void rebalance::relieve(node& full) {
  const auto* parts = cluster_.parts_of(full.id);
  if (!parts) return;
  auto here = *parts;
  std::ranges::sort(here, {},
                    [&](std::uint32_t at) { return std::pair(~cluster_.parts()[at].bytes, at); });
  for (const auto at : here) {
    breath_.step();
    auto* p = &cluster_.parts()[at];
    if (!p->movable || p->bytes == 0 || !std::ranges::contains(p->replicas, full.id)) continue;
    const auto used = cluster_.used_percent_after(full, 0);
    if (used < limits_.disk_percent_max || room_ == 0) return;
    if (cluster_.up(p->replicas) <= p->replicas.size() / 2) continue;
    const node* best = nullptr;
    for (const auto& [id, n] : cluster_.nodes()) {
      if (!n.takes_work || std::ranges::contains(p->replicas, id)) continue;
      if (!cluster_.keeps_racks(*p, full.id, id)) continue;
      const auto after = cluster_.used_percent_after(n, p->bytes);
      if (after >= std::min(used, limits_.disk_percent_max)) continue;
      if (!best || after < cluster_.used_percent_after(*best, p->bytes)) best = &n;
    }
    if (best) begin(*p, replaced(p->replicas, full.id, best->id), move_reason::disk_full);
  }
}

// Partitions with two copies in one rack, while another rack has none.
void rebalance::widen() {
  for (auto& p : cluster_.parts()) {
    breath_.step();
    if (room_ == 0) return;
    if (!p.movable || cluster_.up(p.replicas) <= p.replicas.size() / 2) continue;
    const node* from = nullptr;
    for (const auto id : p.replicas) {
      const auto* n = cluster_.find(id);
      if (!n || cluster_.in_rack(p.replicas, n->rack) < 2) continue;
      if (!from || n->load.replicas > from->load.replicas) from = n;
    }
    if (!from) continue;
    const node* to = heir(p.replicas, p);
    if (!to || cluster_.in_rack(p.replicas, to->rack) > 0) continue;
    if (!fits(*to, p, limits_.disk_percent_max - spare_percent)) continue;
    begin(p, replaced(p.replicas, from->id, to->id), move_reason::racks);
  }
}

void rebalance::spread() {
  while (room_ > 0 && spread_one()) {
  }
}

bool rebalance::spread_one() {
  std::vector<node*> order;
  for (auto& [id, n] : cluster_.nodes()) {
    if (n.takes_work) order.push_back(&n);
  }
  const auto weight = [](const node* n) { return std::pair(n->load.replicas, n->id); };
  std::ranges::sort(order, std::greater<>(), weight);
  for (auto* from : order) {
    for (auto to = order.rbegin(); to != order.rend(); ++to) {
      if ((*to)->load.replicas + 2 > from->load.replicas) break;
      auto* p = lightest(*from, **to);
      if (!p) continue;
      begin(*p, replaced(p->replicas, from->id, (*to)->id), move_reason::spread);
      return true;
    }
  }
  return false;
}

// Of those that may move, one that also evens out the preferred leaders, then the smallest.
rebalance::part* rebalance::lightest(node& from, node& to) {
  const bool leads = from.load.preferred >= to.load.preferred + 2;
  part* found = nullptr;
  const auto rank = [&](const part& p) {
    return std::pair((p.replicas.front() == from.id) == leads ? 0 : 1, p.bytes);
  };
  const auto* here = cluster_.parts_of(from.id);
  if (!here) return nullptr;
  for (const auto at : *here) {
    breath_.step();
    auto& p = cluster_.parts()[at];
    if (!p.movable || !std::ranges::contains(p.replicas, from.id) ||
        std::ranges::contains(p.replicas, to.id))
      continue;
    if (found && rank(p) >= rank(*found)) continue;
    if (cluster_.up(p.replicas) <= p.replicas.size() / 2) continue;
    if (!fits(to, p, limits_.disk_percent_max - spare_percent)) continue;
    if (cluster_.keeps_racks(p, from.id, to.id)) found = &p;
  }
  return found;
}

}  // namespace

replica_plan plan_moves(const state& s, const broker_facts& facts, const leader_table& leaders,
                        const balance_limits& limits, const breath& b) {
  return rebalance(s, facts, leaders, limits, b).plan();
}

stored::reassignments_begun command_of(const std::vector<replica_move>& moves) {
  stored::reassignments_begun c;
  for (const auto& m : moves) {
    auto& p = c.partitions.emplace_back();
    p.topic_id = m.key.topic_id;
    p.partition = m.key.partition;
    p.version = m.version;
    for (const auto id : m.target) p.replicas.push_back(id.value());
  }
  return c;
}

}  // namespace weir::catalog
