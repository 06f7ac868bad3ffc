// SyncGroup: the leader brings the assignment, everyone gets his part.
#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

namespace {

// SyncGroup from this version on: members say which protocol they joined with (KIP-559).
constexpr std::int16_t first_with_protocol = 5;

}  // namespace

kafka::sync_group_response sync_refusal(error_code why) {
  kafka::sync_group_response a;
  a.error = why;
  return a;
}

void classic_groups::answer_sync(const classic_group& g, const member& m, ticket of,
                                 output& out) const {
  kafka::sync_group_response a;
  if (g.protocol_type()) a.protocol_type = text::copy(*g.protocol_type());
  if (g.protocol_name()) a.protocol_name = text::copy(*g.protocol_name());
  a.assignment = m.assignment;
  out.answer_to(of, std::move(a));
}

void classic_groups::sync(const kafka::sync_group_request& r, const request_context& c,
                          output& out) {
  const auto differs = [](const std::optional<text>& said, const std::optional<std::string>& is) {
    return said && (!is || said->view() != *is);
  };
  const auto check = [&](const classic_group* g) {
    if (r.group_id.empty()) return error_code::invalid_group_id;
    if (c.api_version >= first_with_protocol && (!r.protocol_type || !r.protocol_name)) {
      return error_code::inconsistent_group_protocol;
    }
    if (!g) return error_code::unknown_member_id;
    const auto why = check_member(*g, r.member_id, r.group_instance_id);
    if (why != error_code::none) return why;
    if (r.generation_id != g->generation()) return error_code::illegal_generation;
    if (differs(r.protocol_type, g->protocol_type()) ||
        differs(r.protocol_name, g->protocol_name())) {
      return error_code::inconsistent_group_protocol;
    }
    return g->state() == classic_state::preparing_rebalance ? error_code::rebalance_in_progress
                                                            : error_code::none;
  };
  auto* g = find_mutable(r.group_id);
  if (const auto why = check(g); why != error_code::none) {
    out.answer_to(c.ticket, sync_refusal(why));
    return;
  }
  auto& m = *g->find(r.member_id);
  m.has_to_sync = false;
  if (g->state() == classic_state::stable) {
    answer_sync(*g, m, c.ticket, out);
    see(*g, m, c.now);
  } else {
    if (const auto before = std::exchange(m.sync, waiting_request{c.ticket, c.api_version})) {
      out.answer_to(before->of, sync_refusal(error_code::rebalance_in_progress));
    }
    if (g->leads(m.id) || broken_.followers_assign) store_assignment(*g, r, c.now, out);
  }
  settle(*g);
}

void classic_groups::store_assignment(classic_group& g, const kafka::sync_group_request& r,
                                      moment now, output& out) {
  for (auto& [id, m] : g.members()) g.assign(m, {});
  for (const auto& a : r.assignments) {
    // Of members that it doesn't have, an assignment says nothing to anyone.
    if (auto* m = g.find(a.member_id)) g.assign(*m, bytes::copy(a.assignment.view()));
  }
  if (!broken_.assigns_unstored && !store(g, out)) {
    fail_syncs(g, error_code::unknown_server_error, now, out);
    prepare_rebalance(g, now, out);
    return;
  }
  g.become(classic_state::stable, now.wall);
  for (auto& [id, m] : g.members()) {
    const auto sync = std::exchange(m.sync, std::nullopt);
    if (!sync) continue;
    answer_sync(g, m, sync->of, out);
    see(g, m, now);
  }
}

}  // namespace weir::group
