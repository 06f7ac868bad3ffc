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
  if (!why.message.empty()) out.error_message = text(why.message);
  return out;
}

consumer_step::response consumer_step::heartbeat(const request& r, const request_context& context) {
  if (r.member_epoch < joining_epoch) return leave(r);
  const auto who = identify(r, context);
  if (!who) return refused(who.error());

  const auto change = changes_of(r, context, *who);
  if (change.is_new && scene_.closed)
    return refused({error_code::coordinator_load_in_progress, ""});
  std::optional<topic_partitions> owned;
  if (r.topic_partitions) owned = partitions_of(*r.topic_partitions);
  const bool news = advance(*who, change, owned ? &*owned : nullptr);

  const auto& current = state().find(who->member_id)->current;
  response out;
  out.member_id = who->member_id;
  out.member_epoch = current.epoch;
  out.heartbeat_interval_ms = scene_.settings.heartbeat_interval_ms;
  if (news || r.member_epoch == joining_epoch || is_full(r)) {
    out.assignment = assignment_of(current.assigned);
  }
  return out;
}

group_result consumer_step::would_take(const request& r, const request_context& context) {
  const auto who = identify(r, context);
  return who ? group_result() : std::unexpected(who.error());
}

void consumer_step::become(std::span<const consumer_record> records) {
  for (const auto& r : records) put(r);
  for (const auto& [id, member] : state().members()) expect_heartbeat(id);
}

bool consumer_step::advance(const identity& who, const changes& change,
                            const topic_partitions* owned) {
  const bool begun = change.subscription_changed || state().epoch().epoch == 0;
  if (begun) begin_epoch();
  update(change, who);
  resolve_again();
  see_topics(begun);
  if (state().target().epoch < state().epoch().epoch && may_share_out()) share_out();
  const bool news = reconcile(who.member_id, owned, change.subscription_changed);
  expect_heartbeat(who.member_id);
  return news;
}

consumer_step::changes consumer_step::changes_of(const request& r, const request_context& context,
                                                 const identity& who) {
  auto m = metadata_of(who);
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

  return changes_to(std::move(m), who);
}

member_metadata consumer_step::metadata_of(const identity& who) {
  const auto* before = state().find(who.replaces.value_or(who.member_id));
  return before ? before->metadata : member_metadata{};
}

consumer_step::changes consumer_step::changes_to(member_metadata m, const identity& who) {
  const auto* before = state().find(who.replaces.value_or(who.member_id));
  changes out;
  const auto old_regex = before ? before->metadata.topic_regex : text();
  if (old_regex != m.topic_regex) out.old_regex = old_regex;
  out.is_new = !before;
  out.metadata_changed = !before || before->metadata != m;
  out.subscription_changed =
      !before || before->metadata.topic_names != m.topic_names || out.old_regex;
  out.metadata = std::move(m);
  return out;
}

void consumer_step::update(const changes& c, const identity& who) {
  if (who.replaces) {
    replace(*who.replaces, who.member_id, c.metadata);
  } else if (c.metadata_changed) {
    put(member_record{who.member_id, c.metadata});
  }
  if (!c.old_regex) return;
  if (!c.old_regex->empty()) drop_regex_unless_wanted(*c.old_regex);
  const auto& regex = c.metadata.topic_regex;
  if (!regex.empty() && !state().resolved(regex)) resolve(regex);
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

void consumer_step::begin_epoch() {
  const auto now = state().epoch();
  if (scene_.broken.keeps_epoch && now.epoch > 0) return;
  put(group_record{group_epoch{now.epoch + 1, now.metadata_hash}});
}

void consumer_step::see_topics(bool begun) {
  if (!begun && group_.topics_looked_at_) return;
  group_.topics_looked_at_ = true;
  const auto names = subscribed_topics(state());
  group_.work_ += names.size();
  const auto hash = metadata_hash(names, scene_.topics);
  const auto now = state().epoch();
  if (hash == now.metadata_hash) return;
  const bool begins = !begun && !scene_.broken.keeps_epoch;
  put(group_record{group_epoch{now.epoch + (begins ? 1 : 0), hash}});
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
  std::map<uuid, bool> wanted;  // asked once for each topic
  const auto is_wanted = [&](const uuid& topic) {
    const auto [at, is_new] = wanted.try_emplace(topic, false);
    if (is_new) at->second = wants(metadata, topic);
    return at->second;
  };
  const auto is_free = [&](const partition_key& p) {
    return state().owners(p) == 0 || scene_.broken.takes_what_is_owned;
  };
  const topic_partitions nothing;
  const auto next =
      reconciled(before, {.target_epoch = target,
                          .target = state().target_of(id),
                          .owned = scene_.broken.awaits_no_revocation ? &nothing : owned,
                          .subscription_changed = changed,
                          .is_free = is_free,
                          .is_subscribed = is_wanted});
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
  if (scene_.broken.silent_consumers_stay) return;
  const auto& classic = state().find(id)->metadata.classic;
  expect(id, kind::session,
         classic ? classic->session_timeout_ms : scene_.settings.session_timeout_ms);
}

void consumer_step::expect_revocation(const text& id) {
  if (scene_.broken.keepers_stay) return;
  expect(id, kind::rebalance, state().find(id)->metadata.rebalance_timeout_ms);
}

void consumer_step::expect(const text& id, kind what, std::int32_t within_ms) {
  // The id as the state has it: a request's own is a share of all that was received.
  const auto& kept = state().members().find(id)->first;
  group_.deadlines_.set(kept, what, scene_.now.steady_ms + std::max(within_ms, 0));
}

}  // namespace weir::group
