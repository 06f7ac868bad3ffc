// A rebalance, from its first cause to the generation that all of its members are told.
#include <algorithm>

#include "core/group/classic_groups.h"

namespace weir::group {

using kafka::error_code;

namespace {

constexpr std::int32_t wait_again_ms_min = 1'000;

}  // namespace

void classic_groups::rebalance_or_complete(classic_group& g, moment now, output& out) {
  if (g.state() == classic_state::preparing_rebalance) {
    complete_if_all_joined(g, now, out);
  } else {
    prepare_rebalance(g, now, out);
  }
}

void classic_groups::prepare_rebalance(classic_group& g, moment now, output& out) {
  if (g.state() == classic_state::completing_rebalance) {
    fail_syncs(g, error_code::rebalance_in_progress, now, out);
  }
  g.sync_deadline_ms.reset();
  const bool first = g.state() == classic_state::empty;
  const std::int64_t patience = g.rebalance_timeout_ms();
  g.become(classic_state::preparing_rebalance, now.wall);
  if (first) {
    // More members will come: those of an application are started together.
    const std::int64_t delay = settings_.first_rebalance_delay_ms;
    g.first_delayed = true;
    g.first_delay_left_ms = std::max<std::int64_t>(patience - delay, 0);
    g.rebalance_deadline_ms = now.steady_ms + delay;
    arm(g, *g.rebalance_deadline_ms);
    return;
  }
  g.first_delayed = false;
  g.rebalance_deadline_ms = now.steady_ms + patience;
  arm(g, *g.rebalance_deadline_ms);
  complete_if_all_joined(g, now, out);
}

void classic_groups::complete_if_all_joined(classic_group& g, moment now, output& out) {
  if (g.state() != classic_state::preparing_rebalance || !g.all_joined()) return;
  // That of a group which was empty ends with its delay only.
  if (g.state_before() == classic_state::empty) return;
  complete_join(g, now, out);
}

void classic_groups::end_first_delay(classic_group& g, moment now, output& out) {
  if (g.member_was_added && g.first_delay_left_ms > 0) {
    g.member_was_added = false;
    const std::int64_t delay =
        std::min<std::int64_t>(settings_.first_rebalance_delay_ms, g.first_delay_left_ms);
    g.first_delay_left_ms =
        std::max<std::int64_t>(g.first_delay_left_ms - settings_.first_rebalance_delay_ms, 0);
    g.rebalance_deadline_ms = now.steady_ms + delay;
    arm(g, *g.rebalance_deadline_ms);
    return;
  }
  complete_join(g, now, out);
}

void classic_groups::complete_join(classic_group& g, moment now, output& out) {
  g.rebalance_deadline_ms.reset();
  g.first_delayed = false;
  g.member_was_added = false;
  std::vector<std::string> absent;
  for (const auto& [id, m] : g.members()) {
    // A static one may come back at any time: only its session ends its membership.
    if (!m.join && !m.instance_id) absent.push_back(id);
  }
  for (auto& id : absent) take_out(g, std::move(id), out);
  if (!g.elect_joined_leader() && !g.members().empty()) {
    // Only static members are left, and none of them is here: wait on, until one comes or all
    // sessions are over.
    // (Members' timeouts may be nothing at all, looks at the group should not be.)
    g.rebalance_deadline_ms = now.steady_ms + std::max(g.rebalance_timeout_ms(), wait_again_ms_min);
    arm(g, *g.rebalance_deadline_ms);
    return;
  }
  g.begin_generation(now.wall, broken_);
  if (g.state() == classic_state::empty) {
    (void)store(g, out);
    return;
  }
  tell_generation(g, now, out);
}

void classic_groups::tell_generation(classic_group& g, moment now, output& out) {
  for (auto& [id, m] : g.members()) {
    const auto join = g.end_join(m);
    if (join) out.answer_to(join->of, join_answer(g, join->version, id, g.leads(id)));
    m.is_new = false;
    m.has_to_sync = true;
    see(g, m, now);
  }
  g.sync_deadline_ms = now.steady_ms + g.rebalance_timeout_ms();
  arm(g, *g.sync_deadline_ms);
}

void classic_groups::fail_syncs(classic_group& g, error_code why, moment now, output& out) {
  for (auto& [id, m] : g.members()) {
    g.assign(m, {});
    if (const auto sync = std::exchange(m.sync, std::nullopt)) {
      out.answer_to(sync->of, sync_refusal(why));
      see(g, m, now);  // it could not say that it lives
    }
  }
}

}  // namespace weir::group
