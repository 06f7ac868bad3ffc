#include "core/catalog/leader_table.h"

#include <algorithm>

namespace weir::catalog {

bool leader_table::entry::is_behind(node_id node) const {
  return behind && std::ranges::find(*behind, node) != behind->end();
}

leader_table::outcome leader_table::take(const state& s, const leader_report& report) {
  // Also what bounds the table: no report makes it larger than the catalog.
  if (!s.find(report.key)) return outcome::ignored;
  auto& all = topics_[report.key.topic_id];
  const auto index = static_cast<std::size_t>(report.key.partition);
  if (all.size() <= index) all.resize(index + 1);
  auto& at = all[index];
  if (report.term < at.term) return outcome::ignored;
  // Raft elects one a term: a second one can only be a mistake, the first one stays.
  const bool known = at.leader != no_node;
  if (report.term == at.term && known && report.leader != at.leader) return outcome::ignored;
  const bool same = known && report.leader == at.leader && report.term == at.term;
  at.term = report.term;
  at.leader = report.leader;
  at.bytes = report.bytes;
  at.behind = report.behind.empty() ? nullptr : std::make_unique<replica_list>(report.behind);
  return same ? outcome::refreshed : outcome::changed;
}

const leader_table::entry* leader_table::find(const partition_key& key) const {
  const auto at = topics_.find(key.topic_id);
  const auto index = static_cast<std::size_t>(key.partition);
  return at != topics_.end() && key.partition >= 0 && index < at->second.size() ? &at->second[index]
                                                                                : nullptr;
}

node_id leader_table::leader_of(const partition_key& key) const {
  const auto* at = find(key);
  return at ? at->leader : no_node;
}

std::uint64_t leader_table::bytes_of(const partition_key& key) const {
  const auto* at = find(key);
  return at ? at->bytes : 0;
}

std::size_t leader_table::drop_leader(node_id node) {
  std::size_t dropped = 0;
  for (auto& [topic, all] : topics_) {
    for (auto& at : all) {
      if (at.leader != node) continue;
      at.leader = no_node;
      ++dropped;
    }
  }
  return dropped;
}

void leader_table::forget_missing(const state& s) {
  std::erase_if(topics_, [&](const auto& t) { return !s.find(t.first); });
}

}  // namespace weir::catalog
