// Streams groups inside the coordinator.
#include <fmt/format.h>

#include "core/group/coordinator_parts.h"

namespace weir::group {

using kafka::error_code;

void coordinator::parts::on(const kafka::streams_group_heartbeat_request& r,
                            const request_context& c, output& out) {
  const auto* g = classic.find(r.group_id);
  // An empty classic group makes room for who joins, not for who means to be in already.
  const bool in_use = g && (g->state() != classic_state::empty || r.member_epoch != joining_epoch);
  if (consumers.find(r.group_id) || shares.find(r.group_id) ||
      (in_use && !streams.find(r.group_id))) {
    kafka::streams_group_heartbeat_response a;
    a.error = error_code::group_id_not_found;
    a.error_message = text(fmt::format("Group {} is not a streams group.", r.group_id));
    out.answer_to(c.ticket, std::move(a));
    return;
  }
  auto a = streams.heartbeat(r, c, out);
  if (g && streams.find(r.group_id)) classic.release(r.group_id, out);
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const kafka::streams_group_describe_request& r,
                            const request_context& c, output& out) {
  auto a = streams.describe(r);
  for (auto& g : a.groups) {
    if (g.error != error_code::group_id_not_found) continue;
    if (!classic.find(g.group_id) && !consumers.find(g.group_id) && !shares.find(g.group_id)) {
      continue;
    }
    g.error_message = text(fmt::format("Group {} is not a streams group.", g.group_id));
  }
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::refuse_leave(const kafka::leave_group_request& r, const request_context& c,
                                      output& out) {
  constexpr std::int16_t first_with_members = 3;
  kafka::leave_group_response a;
  if (c.api_version < first_with_members) {
    a.error = error_code::unknown_member_id;
  } else {
    for (const auto& m : r.members) {
      a.members.push_back({m.member_id, m.group_instance_id, error_code::unknown_member_id});
    }
  }
  out.answer_to(c.ticket, std::move(a));
}

std::vector<internal_topics_wanted> coordinator::take_internal_topics() {
  return parts_->streams.take_missing();
}

void coordinator::internal_topics_made(const text& group_id, std::map<text, std::string> failures) {
  parts_->streams.topics_made(group_id, std::move(failures));
}

}  // namespace weir::group
