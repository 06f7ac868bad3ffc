// Share groups inside the coordinator.
#include <fmt/format.h>

#include "core/group/coordinator_parts.h"

namespace weir::group {

using kafka::error_code;

void coordinator::parts::on(const kafka::share_group_heartbeat_request& r, const request_context& c,
                            output& out) {
  const auto* g = classic.find(r.group_id);
  // An empty classic group makes room for who joins, not for who means to be in already.
  const bool in_use = g && (g->state() != classic_state::empty || r.member_epoch != joining_epoch);
  const bool other = consumers.find(r.group_id) || streams.find(r.group_id) || in_use;
  if (other && !shares.find(r.group_id)) {
    kafka::share_group_heartbeat_response a;
    a.error = error_code::group_id_not_found;
    a.error_message = text(fmt::format("Group {} is not a share group.", r.group_id));
    out.answer_to(c.ticket, std::move(a));
    return;
  }
  auto a = shares.heartbeat(r, c, out);
  if (g && shares.find(r.group_id)) classic.release(r.group_id, out);
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const kafka::share_group_describe_request& r, const request_context& c,
                            output& out) {
  auto a = shares.describe(r);
  for (auto& g : a.groups) {
    if (g.error != error_code::group_id_not_found) continue;
    if (!classic.find(g.group_id) && !consumers.find(g.group_id) && !streams.find(g.group_id)) {
      continue;
    }
    g.error_message = text(fmt::format("Group {} is not a share group.", g.group_id));
  }
  out.answer_to(c.ticket, std::move(a));
}

void coordinator::parts::on(const share_plan_request& r, const request_context& c, output& out) {
  const bool taken =
      consumers.find(r.group_id) || classic.find(r.group_id) || streams.find(r.group_id);
  // Of one that does not share there is nothing to tell.
  if (taken && !shares.find(r.group_id) && r.wish != share_wish::tell) {
    share_plan a;
    a.error = error_code::group_id_not_found;
    a.error_message = text(fmt::format("Group {} is not a share group.", r.group_id));
    out.answer_to(c.ticket, std::move(a));
    return;
  }
  out.answer_to(c.ticket, shares.plan(r, c.now, out));
}

std::vector<share_initialization> coordinator::take_share_initializations() {
  return parts_->shares.take_initializations();
}

emitted<answer> coordinator::share_initialized(const text& group_id,
                                               const topic_partitions& partitions, moment now) {
  output out(parts_->settings.batch_bytes_max);
  if (parts_->loaded) parts_->shares.initialized(group_id, partitions, now, out);
  return out.take();
}

emitted<answer> coordinator::share_forgotten(const text& group_id, std::span<const uuid> topics,
                                             moment now) {
  output out(parts_->settings.batch_bytes_max);
  if (parts_->loaded) parts_->shares.forgotten(group_id, topics, now, out);
  return out.take();
}

void coordinator::for_each_share_partition(
    const std::function<void(const share_partition_view&)>& tell) const {
  for (const auto& [id, g] : parts_->shares.all()) {
    for (const auto& [topic_id, topic] : g->partitions().initialized) {
      for (const auto p : topic.partitions) tell({id.view(), topic.name.view(), {topic_id, p}});
    }
  }
}

}  // namespace weir::group
