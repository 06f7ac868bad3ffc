// A static member that comes back under a new id (KIP-345, KIP-814).
#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

namespace {

// JoinGroup from this version on: a leader that comes back is told that it leads, and not to work
// out an assignment (KIP-814).
constexpr std::int16_t first_with_skip_assignment = 9;

}  // namespace

void classic_groups::come_back(classic_group& g, const std::string& old_id, std::string new_id,
                               const kafka::join_group_request& r, const request_context& c,
                               output& out) {
  const auto leader_before = g.leader();
  auto* old = g.find(old_id);
  // Whoever still waits with the old id is another process: it must not go on.
  if (const auto join = g.end_join(*old)) {
    out.answer_to(join->of, join_refusal(join->version, error_code::fenced_instance_id, old_id));
  }
  if (const auto sync = std::exchange(old->sync, std::nullopt)) {
    out.answer_to(sync->of, sync_refusal(error_code::fenced_instance_id));
  }
  auto& m = g.replace_static(old_id, new_id);
  m.client_id = c.client_id.str();
  m.client_host = c.client_host.str();
  m.rebalance_timeout_ms = c.api_version == 0 ? r.session_timeout_ms : r.rebalance_timeout_ms;
  m.session_timeout_ms = r.session_timeout_ms;
  g.offer(m, protocols_of(r));
  see(g, m, c.now);
  g.wait_for_join(m, {c.ticket, c.api_version});

  if (g.state() == classic_state::stable && g.vote() == g.protocol_name() &&
      keep_generation(g, m, leader_before, c, out)) {
    return;
  }
  // In CompletingRebalance the leader works with the old id: what it brings would leave out the
  // new.
  rebalance_or_complete(g, c.now, out);
}

bool classic_groups::keep_generation(classic_group& g, member& m, const std::string& leader_before,
                                     const request_context& c, output& out) {
  if (!broken_.return_not_stored && !store(g, out)) return false;
  g.end_join(m);
  m.is_new = false;
  const bool skips = c.api_version >= first_with_skip_assignment;
  const bool leads = g.leads(m.id);
  auto a = join_answer(g, c.api_version, m.id, skips && leads);
  a.skip_assignment = skips && leads;
  // Before, a leader that comes back must not know that it is one: its assignment would go nowhere.
  if (!skips) a.leader = text::copy(leader_before);
  out.answer_to(c.ticket, std::move(a));
  return true;
}

}  // namespace weir::group
