#include "core/group/consumer_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/group/consumer_reconciliation.h"
#include "core/group/consumer_request_check.h"
#include "core/group/consumer_target.h"

namespace weir::group {
namespace {

using kafka::error_code;

topic_partitions partitions_of(
    const chunked_vector<kafka::consumer_group_heartbeat_request::topic_partition>& from) {
  topic_partitions out;
  for (const auto& t : from) out.add(t.topic_id, t.partitions);
  return out;
}

// A request that says everything: the member wants to hear everything (it may have lost answers).
bool is_full(const kafka::consumer_group_heartbeat_request& r) {
  return r.rebalance_timeout_ms != -1 && (r.subscribed_topic_names || r.subscribed_topic_regex) &&
         r.topic_partitions;
}

kafka::consumer_group_heartbeat_response::assignment_info assignment_of(
    const owned_partitions& from) {
  kafka::consumer_group_heartbeat_response::assignment_info out;
  for (const auto& [topic, epochs] : from.topics()) {
    auto& to = out.topic_partitions.emplace_back();
    to.topic_id = topic;
    for (const auto& [partition, epoch] : epochs) to.partitions.push_back(partition);
  }
  return out;
}

}  // namespace

consumer_step::response consumer_step::refused(const group_error& why) const {
  response out;
  out.error = why.code;
  out.error_message = text(why.message);
  return out;
}

consumer_step::response consumer_step::heartbeat(const request& r, const request_context& context) {
  if (r.member_epoch < joining_epoch) return leave(r);
  const auto who = identify(r, context);
  if (!who) return refused(who.error());

  const auto& id = who->member_id;
  const bool changed = update(r, context, *who);
  const bool topics_changed = resolve_again();
  advance_epoch(changed || topics_changed || state().epoch().epoch == 0);
  if (state().target().epoch < state().epoch().epoch && may_share_out()) share_out();

  std::optional<topic_partitions> owned;
  if (r.topic_partitions) owned = partitions_of(*r.topic_partitions);
  const bool news = reconcile(id, owned ? &*owned : nullptr, changed);
  expect_heartbeat(id);

  const auto& current = state().find(id)->current;
  response out;
  out.member_id = id;
  out.member_epoch = current.epoch;
  out.heartbeat_interval_ms = scene_.settings.heartbeat_interval_ms;
  if (news || r.member_epoch == joining_epoch || is_full(r)) {
    out.assignment = assignment_of(current.assigned);
  }
  return out;
}

// A new metadata record where something is another than before. The names of a subscription are
// compared here, regular expressions below.
bool consumer_step::update(const request& r, const request_context& context, const identity& who) {
  const auto* before = state().find(who.replaces.value_or(who.member_id));
  auto m = before ? before->metadata : member_metadata{};
  if (r.instance_id) m.instance_id = r.instance_id;
  if (r.rack_id) m.rack_id = r.rack_id;
  if (r.rebalance_timeout_ms != -1) m.rebalance_timeout_ms = r.rebalance_timeout_ms;
  if (r.server_assignor) m.server_assignor = r.server_assignor;
  if (r.subscribed_topic_names) {
    m.topic_names = {r.subscribed_topic_names->begin(), r.subscribed_topic_names->end()};
  }
  if (r.subscribed_topic_regex) m.topic_regex = *r.subscribed_topic_regex;
  m.client_id = context.client_id;
  m.client_host = context.client_host;
  m.classic.reset();

  const auto old_regex = before ? before->metadata.topic_regex : text();
  const bool names = !before || before->metadata.topic_names != m.topic_names;
  const bool regex = old_regex != m.topic_regex;
  if (who.replaces) {
    replace(*who.replaces, who.member_id, m);
  } else if (!before || before->metadata != m) {
    put(member_record{who.member_id, m});
  }
  if (!regex) return names;
  if (!old_regex.empty()) drop_regex_unless_wanted(old_regex);
  if (!m.topic_regex.empty() && !state().resolved(m.topic_regex)) resolve(m.topic_regex);
  return true;
}

// The new one starts where the old one stopped, with all that it had.
void consumer_step::replace(const text& old_id, const text& new_id, const member_metadata& m) {
  auto current = state().find(old_id)->current;
  std::optional<topic_partitions> target;
  if (const auto* t = state().target_of(old_id)) target = *t;
  group_.deadlines_.cancel(old_id);
  put(current_record{old_id, {}});
  if (target) put(target_record{old_id, {}});
  put(member_record{old_id, {}});

  current.epoch = joining_epoch;
  current.previous_epoch = joining_epoch;
  current.revoking = {};
  put(member_record{new_id, m});
  if (target) put(target_record{new_id, std::move(target)});
  put(current_record{new_id, std::move(current)});
}

void consumer_step::drop_regex_unless_wanted(const text& regex) {
  if (!state().regexes_wanted().contains(regex) && state().resolved(regex)) {
    put(regex_record{regex, {}});
  }
}

void consumer_step::advance_epoch(bool changed) {
  if (!changed && group_.topics_looked_at_) return;
  group_.topics_looked_at_ = true;
  const auto names = subscribed_topics(state());
  group_.work_ += names.size();
  const auto hash = metadata_hash(names, scene_.topics);
  const auto before = state().epoch();
  if (changed || hash != before.metadata_hash) {
    put(group_record{group_epoch{before.epoch + 1, hash}});
  }
}

// Not more often than the interval says: members that come in quick succession share one
// assignment (KIP-1263). A clock that was set back must not stop assignments.
bool consumer_step::may_share_out() const {
  const auto& last = group_.state_.target();
  const auto now = scene_.now.wall.value();
  return last.epoch == 0 || now < last.made_at ||
         now - last.made_at >= scene_.settings.assignment_interval_ms;
}

void consumer_step::share_out() {
  const auto by = preferred_assignor(state(), scene_.settings);
  const auto records =
      new_target(state(), scene_.topics, by, scene_.now.wall.value(), group_.work_);
  for (const auto& r : records) put(r);
}

bool consumer_step::wants(const member_metadata& member, const uuid& topic_id) const {
  const auto name = scene_.topics.name_of(topic_id);
  return name && group_.state_.wants(member, text::unowned(*name));
}

bool consumer_step::reconcile(const text& id, const topic_partitions* owned, bool changed) {
  const auto& member = *state().find(id);
  const auto target = state().target().epoch;
  if (!changed && member.reconciled_to(target)) return false;

  const auto& metadata = member.metadata;
  const auto before = member.current;
  const auto next = reconciled(
      before, {.target_epoch = target,
               .target = state().target_of(id),
               .owned = owned,
               .subscription_changed = changed,
               .is_free = [&](const partition_key& p) { return state().owners(p) == 0; },
               .is_subscribed = [&](const uuid& topic) { return wants(metadata, topic); }});
  group_.work_ += before.assigned.size() + next.assigned.size() + next.revoking.size();
  if (next == before) return false;
  put(current_record{id, next});
  if (next.state == member_state::unrevoked_partitions) {
    expect_revocation(id);
  } else {
    group_.deadlines_.cancel(id, kind::rebalance);
  }
  return !next.assigned.same_partitions(before.assigned);
}

void consumer_step::expect_heartbeat(const text& id) {
  group_.deadlines_.set(id, kind::session,
                        scene_.now.steady_ms + scene_.settings.session_timeout_ms);
}

void consumer_step::expect_revocation(const text& id) {
  const auto timeout = std::max(state().find(id)->metadata.rebalance_timeout_ms, 0);
  group_.deadlines_.set(id, kind::rebalance, scene_.now.steady_ms + timeout);
}

}  // namespace weir::group
