#include "core/catalog/shard_balancer.h"

#include <algorithm>

namespace weir::catalog {
namespace {

// As a part of what the fullest shard has, and in copies.
constexpr std::uint32_t tolerated_part = 8;
constexpr std::uint32_t tolerated = 4;

}  // namespace

std::optional<stored::shards_moved> plan_shards(const state& s, node_id node,
                                                std::size_t moves_max) {
  const auto loads = s.shard_loads(node);
  if (loads.empty()) return std::nullopt;
  const auto [least, most] = std::ranges::minmax_element(loads);
  const auto difference = *most - *least;
  if (difference <= std::max(tolerated, *most / tolerated_part)) return std::nullopt;
  const auto from = static_cast<std::int32_t>(most - loads.begin());
  const auto to = static_cast<std::int32_t>(least - loads.begin());
  const auto wanted = std::min<std::size_t>(moves_max, difference / 2);
  stored::shards_moved out;
  out.node_id = node.value();
  for (const auto& [name, t] : s.topics()) {
    for (std::size_t i = 0; i < t->partitions.size(); ++i) {
      if (out.partitions.size() >= wanted) return out;
      if (t->partitions[i].shard_on(node) != from) continue;
      auto& p = out.partitions.emplace_back();
      p.topic_id = t->id;
      p.partition = static_cast<std::int32_t>(i);
      p.shard = to;
    }
  }
  return out.partitions.empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace weir::catalog
