// JoinGroup: who may be in a group, and what its coming means.
#include <fmt/format.h>

#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

namespace {

// JoinGroup from this version on: a newcomer gets its id first and joins with it (KIP-394).
constexpr std::int16_t first_with_ids_first = 4;

std::int32_t rebalance_timeout_of(const kafka::join_group_request& r, std::int16_t version) {
  return version == 0 ? r.session_timeout_ms : r.rebalance_timeout_ms;
}

std::size_t size_of_protocols(const kafka::join_group_request& r) {
  std::size_t total = 0;
  for (const auto& p : r.protocols) total += p.name.size() + p.metadata.size();
  return total;
}

void refuse(const request_context& c, error_code why, std::string_view member_id, output& out) {
  out.answer_to(c.ticket, join_refusal(c.api_version, why, member_id));
}

}  // namespace

std::string new_member_id(const kafka::join_group_request& r, const request_context& c) {
  const auto prefix = r.group_instance_id ? r.group_instance_id->view() : c.client_id.view();
  return fmt::format("{}-{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", prefix, c.fresh.high >> 32,
                     (c.fresh.high >> 16) & 0xffff, c.fresh.high & 0xffff, c.fresh.low >> 48,
                     c.fresh.low & 0xffff'ffff'ffff);
}

kafka::join_group_response join_refusal(std::int16_t version, error_code why,
                                        std::string_view member_id) {
  kafka::join_group_response a;
  a.error = why;
  a.member_id = text::copy(member_id);
  if (version >= 7) a.protocol_name.reset();
  return a;
}

kafka::join_group_response join_answer(const classic_group& g, std::int16_t version,
                                       std::string_view member_id, bool with_members) {
  auto a = join_refusal(version, error_code::none, member_id);
  a.generation_id = g.generation();
  if (g.protocol_type()) a.protocol_type = text::copy(*g.protocol_type());
  if (g.protocol_name()) a.protocol_name = text::copy(*g.protocol_name());
  a.leader = text::copy(g.leader());
  if (!with_members) return a;
  a.members.reserve(g.members().size());
  for (const auto& [id, m] : g.members()) {
    auto& to = a.members.emplace_back();
    to.member_id = text::copy(id);
    if (m.instance_id) to.group_instance_id = text::copy(*m.instance_id);
    to.metadata = m.metadata_for(g.protocol_name().value_or(""));
  }
  return a;
}

void classic_groups::join(const kafka::join_group_request& r, const request_context& c,
                          output& out) {
  if (r.group_id.empty()) return refuse(c, error_code::invalid_group_id, r.member_id, out);
  if (r.session_timeout_ms < settings_.session_timeout_ms_min ||
      r.session_timeout_ms > settings_.session_timeout_ms_max) {
    return refuse(c, error_code::invalid_session_timeout, r.member_id, out);
  }
  if (size_of_protocols(r) > settings_.batch_bytes_max) {
    return refuse(c, error_code::unknown_server_error, r.member_id, out);
  }
  const bool unknown = r.member_id.empty();
  auto* there = find_mutable(r.group_id);
  if (!there && !unknown) return refuse(c, error_code::unknown_member_id, r.member_id, out);
  auto& g = there ? *there : keep(r.group_id);
  if (!has_room_for(g, r.member_id)) {
    take_out(g, r.member_id.str(), out);
    refuse(c, error_code::group_max_size_reached, "", out);
  } else if (unknown) {
    join_new(g, r, c, out);
  } else {
    join_known(g, r, c, out);
  }
  settle(g);
}

bool classic_groups::has_room_for(const classic_group& g, std::string_view member_id) const {
  const auto* m = g.find(member_id);
  switch (g.state()) {
    case classic_state::empty:
      return true;
    case classic_state::preparing_rebalance:
      // By those who joined: a group that is larger than was allowed later on loses who comes last.
      return (m && m->join) || g.joining() < settings_.members_max;
    case classic_state::completing_rebalance:
    case classic_state::stable:
      return m || g.members().size() < settings_.members_max;
  }
  return false;
}

void classic_groups::join_new(classic_group& g, const kafka::join_group_request& r,
                              const request_context& c, output& out) {
  if (!g.takes(r.protocol_type, r.protocols)) {
    return refuse(c, error_code::inconsistent_group_protocol, "", out);
  }
  auto id = new_member_id(r, c);
  if (r.group_instance_id) {
    const auto* old = g.static_id(*r.group_instance_id);
    if (old) return come_back(g, std::string(*old), std::move(id), r, c, out);
    return add_member(g, std::move(id), r, c, out);
  }
  if (c.api_version < first_with_ids_first) return add_member(g, std::move(id), r, c, out);
  // Ids that nobody comes back with go by themselves; until then they are a client's to make.
  if (closed_ || g.pending().size() >= settings_.pending_members_max) {
    return refuse(c, error_code::coordinator_load_in_progress, "", out);
  }
  const auto deadline = c.now.steady_ms + r.session_timeout_ms;
  g.pending().insert_or_assign(id, deadline);
  arm(g, deadline);
  refuse(c, error_code::member_id_required, id, out);
}

void classic_groups::join_known(classic_group& g, const kafka::join_group_request& r,
                                const request_context& c, output& out) {
  if (!g.takes(r.protocol_type, r.protocols)) {
    return refuse(c, error_code::inconsistent_group_protocol, r.member_id, out);
  }
  if (g.pending().contains(r.member_id.view())) {
    // Static members are never given an id first.
    if (r.group_instance_id) {
      return refuse(c, error_code::unknown_server_error, r.member_id, out);
    }
    return add_member(g, r.member_id.str(), r, c, out);
  }
  const auto why = check_member(g, r.member_id, r.group_instance_id);
  if (why != error_code::none) return refuse(c, why, r.member_id, out);
  rejoin(g, *g.find(r.member_id), r, c, out);
}

void classic_groups::rejoin(classic_group& g, member& m, const kafka::join_group_request& r,
                            const request_context& c, output& out) {
  const bool same = m.protocols == protocols_of(r);
  switch (g.state()) {
    case classic_state::preparing_rebalance:
      return update_member(g, m, r, c, out);
    case classic_state::completing_rebalance:
      if (!same) return update_member(g, m, r, c, out);
      // It asks again since the answer was lost: nothing has changed.
      out.answer_to(c.ticket, join_answer(g, c.api_version, m.id, g.leads(m.id)));
      return;
    case classic_state::stable:
      // A leader asks for a rebalance by joining: of what it saw the group knows nothing.
      if (g.leads(m.id) || !same) return update_member(g, m, r, c, out);
      out.answer_to(c.ticket, join_answer(g, c.api_version, m.id, false));
      return;
    case classic_state::empty:
      refuse(c, error_code::unknown_member_id, r.member_id, out);
      return;
  }
}

void classic_groups::add_member(classic_group& g, std::string id,
                                const kafka::join_group_request& r, const request_context& c,
                                output& out) {
  if (closed_) {
    return refuse(c, error_code::coordinator_load_in_progress, r.member_id, out);
  }
  member m;
  m.id = std::move(id);
  if (r.group_instance_id) m.instance_id = r.group_instance_id->str();
  m.client_id = c.client_id.str();
  m.client_host = c.client_host.str();
  m.rebalance_timeout_ms = rebalance_timeout_of(r, c.api_version);
  m.session_timeout_ms = r.session_timeout_ms;
  m.protocols = protocols_of(r);
  m.is_new = true;
  // It can't send heartbeats while it waits, and may be gone: then it is let go after a while, or
  // clients that lose patience and come again would pile up.
  m.session_deadline_ms = c.now.steady_ms + settings_.new_member_timeout_ms;
  arm(g, m.session_deadline_ms);
  if (g.state() == classic_state::preparing_rebalance && g.generation() == 0) {
    g.member_was_added = true;
  }
  auto& added = g.add(std::move(m), r.protocol_type);
  g.wait_for_join(added, {c.ticket, c.api_version});
  rebalance_or_complete(g, c.now, out);
}

void classic_groups::update_member(classic_group& g, member& m, const kafka::join_group_request& r,
                                   const request_context& c, output& out) {
  m.rebalance_timeout_ms = rebalance_timeout_of(r, c.api_version);
  m.session_timeout_ms = r.session_timeout_ms;
  g.offer(m, protocols_of(r));
  wait_for_join(g, m, c, out);
  rebalance_or_complete(g, c.now, out);
}

void classic_groups::wait_for_join(classic_group& g, member& m, const request_context& c,
                                   output& out) {
  // Nobody listens any more for what was asked before; should somebody, he joins again.
  if (const auto before = g.end_join(m)) {
    out.answer_to(before->of,
                  join_refusal(before->version, error_code::rebalance_in_progress, m.id));
  }
  g.wait_for_join(m, {c.ticket, c.api_version});
}

}  // namespace weir::group
