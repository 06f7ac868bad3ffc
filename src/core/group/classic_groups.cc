#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

const classic_group* classic_groups::find(std::string_view id) const {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second.get();
}

classic_group* classic_groups::find_mutable(std::string_view id) {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second.get();
}

classic_group& classic_groups::keep(std::string_view id) {
  if (auto* there = find_mutable(id)) return *there;
  auto made = std::make_unique<classic_group>(std::string(id));
  auto& g = *made;
  groups_.emplace(std::string(id), std::move(made));
  return g;
}

void classic_groups::settle(classic_group& g) {
  constexpr std::size_t group_bytes = 512;
  memory_bytes_ -= g.counted_bytes;
  g.counted_bytes = group_bytes + g.memory_bytes() + 64 * g.pending().size();
  memory_bytes_ += g.counted_bytes;
  if (g.state() != classic_state::empty || !g.pending().empty() || g.has_offsets ||
      stored_.contains(g.id())) {
    return;
  }
  memory_bytes_ -= g.counted_bytes;
  if (g.due_ms) due_.erase({*g.due_ms, g.id()});
  groups_.erase(groups_.find(g.id()));
}

void classic_groups::keep_for_offsets(std::string_view id, bool has_offsets) {
  if (!has_offsets && !find(id)) return;
  auto& g = keep(id);
  g.has_offsets = has_offsets;
  settle(g);
}

error_code classic_groups::may_commit(std::string_view id, std::string_view member_id,
                                      const std::optional<text>& instance_id,
                                      std::int32_t generation, bool transactional) const {
  const auto* g = find(id);
  // Without a generation it comes from somebody who shares out partitions by himself: he needs no
  // group, but a group of others must not be in his way.
  if (!g) return generation < 0 ? error_code::none : error_code::illegal_generation;
  const bool empty = g->state() == classic_state::empty;
  if (generation < 0 && empty) return error_code::none;
  if (generation >= 0 || !member_id.empty() || instance_id) {
    const auto why = check_member(*g, member_id, instance_id);
    if (why != error_code::none) return why;
    if (generation != g->generation() && !broken_.commits_in_any_generation) {
      return error_code::illegal_generation;
    }
  } else if (!transactional && !empty) {
    return error_code::unknown_member_id;
  }
  // It knows the generation, so it is a member; but what it commits may be somebody else's by now.
  if (!transactional && g->state() == classic_state::completing_rebalance) {
    return error_code::rebalance_in_progress;
  }
  return error_code::none;
}

void classic_groups::committed(std::string_view id, std::string_view member_id, moment now) {
  auto* g = find_mutable(id);
  if (!g || g->state() == classic_state::empty ||
      g->state() == classic_state::completing_rebalance) {
    return;
  }
  if (auto* m = g->find(member_id)) see(*g, *m, now);
}

void classic_groups::give_up(error_code why, output& out) {
  for (auto& [id, g] : groups_) {
    for (auto& [member_id, m] : g->members()) {
      if (const auto join = g->end_join(m)) {
        out.answer_to(join->of, join_refusal(join->version, why, member_id));
      }
      if (const auto sync = std::exchange(m.sync, std::nullopt)) {
        out.answer_to(sync->of, sync_refusal(why));
      }
    }
  }
}

}  // namespace weir::group
