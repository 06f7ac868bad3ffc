// Heartbeat and LeaveGroup: signs of life, and farewells.
#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

error_code classic_groups::check_member(const classic_group& g, std::string_view id,
                                        const std::optional<text>& instance_id) const {
  if (instance_id && !broken_.old_instance_goes_on) {
    const auto* owner = g.static_id(*instance_id);
    if (!owner) return error_code::unknown_member_id;
    if (*owner != id) return error_code::fenced_instance_id;
  }
  return g.find(id) ? error_code::none : error_code::unknown_member_id;
}

void classic_groups::see(classic_group& g, member& m, moment now) {
  m.session_deadline_ms = now.steady_ms + m.session_timeout_ms;
  if (broken_.silent_members_stay) m.session_deadline_ms += std::int64_t{1} << 40;
  arm(g, m.session_deadline_ms);
}

void classic_groups::heartbeat(const kafka::heartbeat_request& r, const request_context& c,
                               output& out) {
  const auto decide = [&] {
    if (r.group_id.empty()) return error_code::invalid_group_id;
    auto* g = find_mutable(r.group_id);
    if (!g) return error_code::unknown_member_id;
    const auto why = check_member(*g, r.member_id, r.group_instance_id);
    if (why != error_code::none) return why;
    if (r.generation_id != g->generation() && !broken_.beats_in_any_generation) {
      return error_code::illegal_generation;
    }
    see(*g, *g->find(r.member_id), c.now);
    return g->state() == classic_state::preparing_rebalance ? error_code::rebalance_in_progress
                                                            : error_code::none;
  };
  kafka::heartbeat_response a;
  a.error = decide();
  out.answer_to(c.ticket, std::move(a));
}

void classic_groups::take_out(classic_group& g, std::string id, output& out) {
  auto* m = g.find(id);
  if (!m) return;
  // Should it still listen, it joins again.
  if (const auto join = g.end_join(*m)) {
    out.answer_to(join->of, join_refusal(join->version, error_code::unknown_member_id, ""));
  }
  if (const auto sync = std::exchange(m->sync, std::nullopt)) {
    out.answer_to(sync->of, sync_refusal(error_code::unknown_member_id));
  }
  g.remove(id);
}

void classic_groups::leave(const kafka::leave_group_request& r, const request_context& c,
                           output& out) {
  // Before version 3 one member leaves, and there is one error.
  const bool batched = c.api_version >= 3;
  kafka::leave_group_response a;
  auto* g = find_mutable(r.group_id);
  if (!g || r.group_id.empty()) {
    a.error = r.group_id.empty() ? error_code::invalid_group_id : error_code::unknown_member_id;
    out.answer_to(c.ticket, std::move(a));
    return;
  }
  bool left = false;
  const auto one = [&](std::string_view member_id, const std::optional<text>& instance_id) {
    std::string id(member_id);
    if (id.empty() && instance_id) {
      // An administrator knows the instance only.
      const auto* owner = g->static_id(*instance_id);
      if (!owner) return error_code::unknown_member_id;
      id = *owner;
    } else if (g->pending().erase(id) > 0) {
      complete_if_all_joined(*g, c.now, out);
      return error_code::none;
    } else if (const auto why = check_member(*g, id, instance_id); why != error_code::none) {
      return why;
    }
    take_out(*g, std::move(id), out);
    left = true;
    return error_code::none;
  };
  if (!batched) {
    a.error = one(r.member_id, {});
  } else {
    for (const auto& m : r.members) {
      const auto why = one(m.member_id, m.group_instance_id);
      a.members.push_back({m.member_id, m.group_instance_id, why});
    }
  }
  if (left && g->state() != classic_state::empty) rebalance_or_complete(*g, c.now, out);
  out.answer_to(c.ticket, std::move(a));
  settle(*g);
}

}  // namespace weir::group
