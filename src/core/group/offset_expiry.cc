// Which offsets nobody needs any more (KIP-211), and which groups.
//
// - A group without members: its offsets, once it has been empty for the retention and nothing was
//   committed in that time either. (Kafka looks at the former only: offsets that an administrator
//   sets in a group that has been empty for long are gone minutes later.)
// - A stable group of consumers: those of topics that it isn't subscribed to, the retention after
//   they were committed.
// - A group that never had members: each offset the retention after it was committed.
// - Any other group: none.
// An offset with a time of expiry of its own goes then, under the same conditions. What waits for
// a transaction stays. A group that is left without members and offsets goes.
//
// All groups are looked at in a round, in steps of bounded work, each interval anew.
#include <algorithm>

#include "core/group/coordinator_parts.h"

namespace weir::group {

bool coordinator::parts::is_expired(const committed_offset& o, timestamp base, moment now) const {
  if (o.expires != no_timestamp) return now.wall >= o.expires;
  return base <= now.wall - settings.offsets_retention_ms;
}

// Of the consumer protocol, and of streams, as of classic groups that are stable: offsets of topics
// that nobody subscribes to any more. An empty group subscribes to nothing.
template <typename Groups>
bool coordinator::parts::expire_offsets_of_kind(Groups& groups, std::string& from, moment now,
                                                output& out) {
  std::size_t work = 0;
  for (auto at = groups.all().lower_bound(text::unowned(from)); at != groups.all().end();
       at = groups.all().lower_bound(text::unowned(from))) {
    if (work >= settings.work_per_tick) return false;
    const auto id = at->first;
    from = id.str() + '\0';
    std::vector<std::pair<std::string, std::int32_t>> expired;
    work += 1;
    if (const auto* topics_of_it = offsets.find(id)) {
      for (const auto& [topic, partitions] : *topics_of_it) {
        work += partitions.size();
        if (at->second->is_subscribed(text::unowned(topic)) && !broken.expires_wanted) continue;
        for (const auto& [partition, o] : partitions) {
          if (is_expired(o, o.committed, now) && !offsets.is_pending(id, topic, partition)) {
            expired.emplace_back(topic, partition);
          }
        }
      }
    }
    const bool empty = at->second->empty();
    for (const auto& [topic, partition] : expired) erase_offset(id, topic, partition, out);
    if (empty && !offsets.find(id) && !offsets.is_pending(id)) groups.remove(id, now, out);
  }
  from.clear();
  return true;
}

void coordinator::parts::expire_offsets(moment now, output& out) {
  std::size_t work = 0;
  for (auto at = classic.groups().lower_bound(expiry_at); at != classic.groups().end();
       at = classic.groups().lower_bound(expiry_at)) {
    if (work >= settings.work_per_tick) return;  // still due
    const std::string id = at->first;
    const auto& g = *at->second;
    const auto* topics_of_it = offsets.find(id);
    work += 1;
    if (topics_of_it) {
      for (const auto& [topic, partitions] : *topics_of_it) work += partitions.size();
    }
    expiry_at = id + '\0';  // the name after it
    const bool all_gone = expire_offsets_of(g, now, out);
    if (all_gone && g.state() == classic_state::empty && g.pending().empty()) {
      classic.remove(id, out);
    }
    offsets_changed(id);
  }
  if (!expire_offsets_of_kind(consumers, consumer_expiry_at, now, out)) return;
  if (!expire_offsets_of_kind(streams, streams_expiry_at, now, out)) return;
  expiry_at.clear();
  expiry_due_ms = now.steady_ms + settings.offsets_check_ms;
}

bool coordinator::parts::expire_offsets_of(const classic_group& g, moment now, output& out) {
  const auto* topics_of_it = offsets.find(g.id());
  if (!topics_of_it) return !offsets.is_pending(g.id());
  const bool empty = g.state() == classic_state::empty;
  const bool simple = !g.protocol_type();
  if (!simple && !empty && (g.state() != classic_state::stable || !g.knows_subscription())) {
    return false;
  }
  std::vector<std::pair<std::string, std::int32_t>> expired;
  for (const auto& [topic, partitions] : *topics_of_it) {
    if (g.is_subscribed(topic) && !broken.expires_wanted) continue;
    for (const auto& [partition, o] : partitions) {
      const auto base = empty ? std::max(g.state_since(), o.committed) : o.committed;
      if (is_expired(o, base, now) && !offsets.is_pending(g.id(), topic, partition)) {
        expired.emplace_back(topic, partition);
      }
    }
  }
  for (const auto& [topic, partition] : expired) erase_offset(g.id(), topic, partition, out);
  return !offsets.find(g.id()) && !offsets.is_pending(g.id());
}

}  // namespace weir::group
