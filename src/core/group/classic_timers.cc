// What happens to classic groups by itself. A group is listed under its earliest deadline or an
// earlier time: signs of life put a member's off without touching the list, so that a heartbeat
// costs nothing there. When a group is due all of its deadlines are looked at, and it is listed
// anew; of members that live that is about once in a session timeout.
#include <algorithm>
#include <limits>

#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

void classic_groups::arm(classic_group& g, std::int64_t when) {
  if (g.due_ms && *g.due_ms <= when) return;
  if (g.due_ms) due_.erase({*g.due_ms, g.id()});
  g.due_ms = when;
  due_.emplace(when, g.id());
}

void classic_groups::rearm(classic_group& g) {
  if (g.due_ms) due_.erase({*g.due_ms, g.id()});
  g.due_ms.reset();
  constexpr auto never = std::numeric_limits<std::int64_t>::max();
  auto first =
      std::min(g.rebalance_deadline_ms.value_or(never), g.sync_deadline_ms.value_or(never));
  for (const auto& [id, deadline] : g.pending()) first = std::min(first, deadline);
  for (const auto& [id, m] : g.members()) {
    if (m.can_expire()) first = std::min(first, m.session_deadline_ms);
  }
  if (first != never) arm(g, first);
}

std::optional<std::int64_t> classic_groups::next_deadline() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void classic_groups::tick(moment now, output& out) {
  std::size_t work = 0;
  while (!due_.empty() && due_.begin()->first <= now.steady_ms && work < settings_.work_per_tick) {
    auto* g = find_mutable(due_.begin()->second);
    work += 1 + g->members().size() + g->pending().size();
    expire(*g, now, out);
    rearm(*g);
    settle(*g);
  }
}

void classic_groups::expire(classic_group& g, moment now, output& out) {
  expire_pending(g, now, out);
  expire_members(g, now, out);
  if (g.sync_deadline_ms && *g.sync_deadline_ms <= now.steady_ms) expire_unsynced(g, now, out);
  if (g.rebalance_deadline_ms && *g.rebalance_deadline_ms <= now.steady_ms) {
    if (g.first_delayed) {
      end_first_delay(g, now, out);
    } else {
      complete_join(g, now, out);
    }
  }
}

void classic_groups::expire_pending(classic_group& g, moment now, output& out) {
  const auto gone = std::erase_if(
      g.pending(), [&](const auto& pending) { return pending.second <= now.steady_ms; });
  if (gone > 0) complete_if_all_joined(g, now, out);
}

void classic_groups::expire_members(classic_group& g, moment now, output& out) {
  std::vector<std::string> late;
  for (const auto& [id, m] : g.members()) {
    if (m.can_expire() && m.session_deadline_ms <= now.steady_ms) late.push_back(id);
  }
  if (late.empty()) return;
  for (auto& id : late) take_out(g, std::move(id), out);
  rebalance_or_complete(g, now, out);
}

void classic_groups::expire_unsynced(classic_group& g, moment now, output& out) {
  g.sync_deadline_ms.reset();
  std::vector<std::string> late;
  for (const auto& [id, m] : g.members()) {
    if (m.has_to_sync) late.push_back(id);
  }
  if (late.empty()) return;
  for (auto& id : late) take_out(g, std::move(id), out);
  rebalance_or_complete(g, now, out);
}

}  // namespace weir::group
