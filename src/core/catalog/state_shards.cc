// On which of its broker's shards each copy is: the one with the fewest, when the copy comes. A
// broker that has another number of cores than before, which it says before it opens a partition,
// keeps what it can where it was. docs/decisions/0018-shards.md.
#include <algorithm>

#include "core/base/check.h"
#include "core/catalog/state.h"

namespace weir::catalog {

std::span<const std::uint32_t> state::shard_loads(node_id id) const {
  const auto at = shard_loads_.find(id);
  return at == shard_loads_.end() ? std::span<const std::uint32_t>() : at->second;
}

void state::seat_at(placement& at, node_id node, std::int32_t shard) {
  unseat(at, node);
  ++shard_loads_.at(node)[static_cast<std::size_t>(shard)];
  at.take_seat(node, shard);
}

void state::unseat(placement& at, node_id node) {
  const auto shard = at.shard_on(node);
  if (!shard) return;
  --shard_loads_.at(node)[static_cast<std::size_t>(*shard)];
  at.leave_seat(node);
}

void state::unseat_unnamed(placement& at) {
  const auto seats = at.seats();
  for (const auto& s : seats) {
    if (!at.names(s.node)) unseat(at, s.node);
  }
}

void state::seat_all(placement& at) {
  for (const auto node : at.named()) {
    const auto loads = shard_loads(node);
    if (loads.empty() || at.shard_on(node)) continue;
    const auto least = std::ranges::min_element(loads);
    seat_at(at, node, static_cast<std::int32_t>(least - loads.begin()));
  }
}

// Each shard keeps no more than its even share, so that new ones get theirs.
void state::know_shards(node_id node, std::int32_t cores) {
  const auto count = static_cast<std::size_t>(cores);
  if (shard_loads(node).size() == count) return;
  const auto share = count == 0 ? 0 : (replica_count(node) + count - 1) / count;
  std::vector<std::uint32_t> kept(count);
  std::vector<placement*> homeless;
  for (const auto& [name, t] : topics_) {
    for (auto& p : t->partitions) {
      if (!p.names(node)) continue;
      const auto had = p.shard_on(node);
      const auto shard = static_cast<std::size_t>(had.value_or(cores));
      if (shard < count && kept[shard] < share) {
        ++kept[shard];
      } else {
        p.leave_seat(node);
        homeless.push_back(&p);
      }
    }
  }
  if (count == 0) {
    shard_loads_.erase(node);
  } else {
    shard_loads_[node] = std::move(kept);
    for (auto* p : homeless) seat_all(*p);
  }
}

state::outcome state::on(const stored::shards_moved& c) {
  const node_id node(c.node_id);
  const auto shards = shard_loads(node).size();
  if (shards == 0) return std::unexpected(refusal::unknown_broker);
  const bool sound = std::ranges::all_of(c.partitions, [&](const auto& p) {
    return p.shard >= 0 && static_cast<std::size_t>(p.shard) < shards;
  });
  if (!sound) return std::unexpected(refusal::unknown_shard);
  bool any = false;
  for (const auto& p : c.partitions) {
    auto* at = find_mutable(p.topic_id, p.partition);
    if (!at || !at->names(node) || at->shard_on(node) == p.shard) continue;
    seat_at(*at, node, p.shard);
    any = true;
  }
  return any ? outcome{} : std::unexpected(refusal::stale_placement);
}

}  // namespace weir::catalog
