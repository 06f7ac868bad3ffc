// Partitions that move. The rules of one partition are in placement.cc.
#include <algorithm>
#include <set>

#include "core/base/check.h"
#include "core/catalog/state.h"

namespace weir::catalog {

void state::count(placement& at) {
  for (const auto node : at.named()) ++replica_counts_[node];
  unseat_unnamed(at);
  seat_all(at);
}

void state::uncount(const placement& at) {
  for (const auto node : at.named()) {
    const auto found = replica_counts_.find(node);
    if (--found->second == 0) replica_counts_.erase(found);
  }
}

placement* state::find_mutable(const uuid& topic_id, std::int32_t partition) {
  const auto at = by_id_.find(topic_id);
  if (at == by_id_.end() || partition < 0) return nullptr;
  auto& all = at->second->partitions;
  return static_cast<std::size_t>(partition) < all.size()
             ? &all[static_cast<std::size_t>(partition)]
             : nullptr;
}

template <typename Change>
void state::change(placement& at, Change how) {
  uncount(at);
  how(at);
  count(at);
}

// That each partition is there, once, and not another one than was decided on.
template <typename Placements>
state::outcome state::check_placements(const Placements& asked) const {
  std::set<std::pair<uuid, std::int32_t>> seen;
  for (const auto& p : asked) {
    const auto* at = find(partition_key{p.topic_id, p.partition});
    if (!at) return std::unexpected(refusal::unknown_partition);
    if (!seen.emplace(p.topic_id, p.partition).second)
      return std::unexpected(refusal::partition_repeated);
    if (p.version >= 0 && p.version != at->version())
      return std::unexpected(refusal::stale_placement);
  }
  return {};
}

state::outcome state::on(const stored::reassignments_begun& c) {
  weir_try_void(check_placements(c.partitions));
  const auto target_of = [](const auto& p) {
    replica_list out;
    for (const auto id : p.replicas) out.emplace_back(id);
    return out;
  };
  for (const auto& p : c.partitions) {
    if (p.replicas.empty()) return std::unexpected(refusal::malformed_replicas);
    const auto target = target_of(p);
    weir_try_void(check_replicas(target));
    if (!find(partition_key{p.topic_id, p.partition})->has_room_for(target))
      return std::unexpected(refusal::too_many_leaving);
  }
  for (const auto& p : c.partitions) {
    change(*find_mutable(p.topic_id, p.partition), [&](placement& at) { at.begin(target_of(p)); });
  }
  return {};
}

state::outcome state::on(const stored::reassignments_cancelled& c) {
  weir_try_void(check_placements(c.partitions));
  for (const auto& p : c.partitions) {
    if (!find(partition_key{p.topic_id, p.partition})->reassigning())
      return std::unexpected(refusal::no_reassignment);
  }
  for (const auto& p : c.partitions) {
    change(*find_mutable(p.topic_id, p.partition), [](placement& at) { at.cancel(); });
  }
  return {};
}

state::outcome state::on(const stored::reassignments_finished& c) {
  bool any = false;
  for (const auto& p : c.partitions) {
    auto* at = find_mutable(p.topic_id, p.partition);
    if (!at || at->settled() || at->version() != p.version) continue;
    change(*at, [](placement& settled) { settled.finish(); });
    any = true;
  }
  return any ? outcome{} : std::unexpected(refusal::stale_placement);
}

}  // namespace weir::catalog
