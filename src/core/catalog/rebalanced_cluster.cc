#include "core/catalog/rebalanced_cluster.h"

#include <algorithm>

namespace weir::catalog {

replica_list replaced(replica_list in, node_id from, node_id to) {
  std::ranges::replace(in, from, to);
  return in;
}

rebalanced_cluster::rebalanced_cluster(const state& s, const broker_facts& facts,
                                       const leader_table& leaders, std::int64_t dead_after_ms,
                                       const breath& b) {
  std::map<std::string_view, std::uint32_t> racks;
  std::uint32_t next_rack = 0;
  for (const auto& [id, broker] : s.brokers()) {
    const auto at = facts.find(id);
    const auto fact = at == facts.end() ? broker_fact{} : at->second;
    std::uint32_t rack = next_rack;
    if (!broker.rack.empty()) rack = racks.emplace(broker.rack, next_rack).first->second;
    if (rack == next_rack) ++next_rack;
    nodes_[id] = {.id = id,
                  .rack = rack,
                  .takes_work = takes_work(s, facts, id),
                  .dead = !fact.alive && dead_after_ms >= 0 && at != facts.end() &&
                          fact.silent_ms >= dead_after_ms,
                  .draining = broker.state == broker_state::draining,
                  .up = fact.alive,
                  .disk_bytes = fact.disk_bytes,
                  .disk_used = fact.disk_used,
                  .load = {}};
  }
  for (const auto& [name, t] : s.topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i) {
      const partition_key key{t->id, static_cast<std::int32_t>(i)};
      if (!t->partitions[i].replicas().empty())
        add_part(key, t->partitions[i], leaders.bytes_of(key));
      b.step();
    }
  }
}

void rebalanced_cluster::add_part(const partition_key& key, const placement& at,
                                  std::uint64_t bytes) {
  const auto wanted = at.wanted();
  auto& p = parts_.emplace_back(part{.key = key,
                                     .version = at.version(),
                                     .replicas = replica_list(wanted.begin(), wanted.end()),
                                     .bytes = bytes,
                                     .movable = at.settled()});
  if (!p.movable) ++moving_;
  for (const auto id : p.replicas) {
    by_node_[id].push_back(static_cast<std::uint32_t>(parts_.size() - 1));
    if (auto* n = find(id)) ++n->load.replicas;
  }
  if (auto* n = find(p.replicas.front())) ++n->load.preferred;
  for (const auto id : at.adding()) {
    if (auto* n = find(id)) n->disk_used += bytes;
  }
  for (const auto id : at.removing()) {
    if (auto* n = find(id)) n->disk_used -= std::min(n->disk_used, bytes);
  }
}

rebalanced_cluster::node* rebalanced_cluster::find(node_id id) {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}

const rebalanced_cluster::node* rebalanced_cluster::find(node_id id) const {
  const auto at = nodes_.find(id);
  return at == nodes_.end() ? nullptr : &at->second;
}

const chunked_vector<std::uint32_t>* rebalanced_cluster::parts_of(node_id id) const {
  const auto at = by_node_.find(id);
  return at == by_node_.end() ? nullptr : &at->second;
}

std::size_t rebalanced_cluster::up(const replica_list& replicas) const {
  return static_cast<std::size_t>(std::ranges::count_if(replicas, [this](auto id) {
    const auto* n = find(id);
    return n && n->up;
  }));
}

std::size_t rebalanced_cluster::in_rack(const replica_list& replicas, std::uint32_t rack) const {
  return static_cast<std::size_t>(std::ranges::count_if(replicas, [&](auto id) {
    const auto* n = find(id);
    return n && n->rack == rack;
  }));
}

bool rebalanced_cluster::keeps_racks(const part& p, node_id from, node_id to) const {
  const auto* gone = find(from);
  const auto* come = find(to);
  const bool loses = gone && in_rack(p.replicas, gone->rack) == 1;
  const bool gains = come && in_rack(p.replicas, come->rack) == 0;
  return !loses || gains || (gone && come && gone->rack == come->rack);
}

bool rebalanced_cluster::anyone_without(const replica_list& replicas) const {
  return std::ranges::any_of(nodes_, [&](const auto& n) {
    return n.second.takes_work && !std::ranges::contains(replicas, n.first);
  });
}

std::uint64_t rebalanced_cluster::used_percent_after(const node& n, std::uint64_t bytes) const {
  if (n.disk_bytes == 0) return 0;
  constexpr std::uint64_t percent = 100;
  const auto one_percent = std::max<std::uint64_t>(n.disk_bytes / percent, 1);
  return (n.disk_used + bytes) / one_percent;
}

void rebalanced_cluster::carry(const part& p, bool more) {
  for (const auto id : p.replicas) {
    auto* n = find(id);
    if (!n) continue;
    n->load.replicas += more ? 1 : -1;
    if (id == p.replicas.front()) n->load.preferred += more ? 1 : -1;
    if (more) {
      n->disk_used += p.bytes;
    } else {
      n->disk_used -= std::min(n->disk_used, p.bytes);
    }
  }
}

void rebalanced_cluster::move(part& p, replica_list target) {
  carry(p, false);
  p.replicas = std::move(target);
  carry(p, true);
  p.movable = false;
}

}  // namespace weir::catalog
