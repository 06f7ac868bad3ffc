#include "core/group/streams_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/group/assign_tasks.h"
#include "core/group/consumer_reconciliation.h"
#include "core/group/consumer_target.h"

namespace weir::group {
namespace {

using kafka::error_code;

// A group's first epoch; nobody has it but who waits for the first assignment.
constexpr std::int32_t first_epoch = 1;

kafka::streams_group_heartbeat_response refused(const group_error& why) {
  kafka::streams_group_heartbeat_response out;
  out.error = why.code;
  if (!why.message.empty()) out.error_message = text(why.message);
  return out;
}

std::optional<task_set> tasks_of(const kafka::streams_group_heartbeat_request& r) {
  if (!r.active_tasks || !r.standby_tasks || !r.warmup_tasks) return std::nullopt;
  task_set out;
  add_tasks(*r.active_tasks, task_role::active, out);
  add_tasks(*r.standby_tasks, task_role::standby, out);
  add_tasks(*r.warmup_tasks, task_role::warmup, out);
  return out;
}

// A request that says everything: the member wants to hear everything (it may have lost answers).
bool is_full(const kafka::streams_group_heartbeat_request& r) {
  return r.rebalance_timeout_ms != -1 && r.process_id && r.active_tasks;
}

// It has to be one record, well below what a batch may take.
bool is_too_large(const streams_topology& topology) {
  constexpr std::size_t bytes_max = 900'000;
  return to_bytes(text(), streams_topology_record{topology}).value->size() > bytes_max;
}

}  // namespace

streams_step::response streams_step::heartbeat(const request& r, const request_context& context) {
  if (r.member_epoch < joining_epoch) return leave(r);
  if (const auto ok = identify(r); !ok) return refused(ok.error());
  if (!state().find(r.member_id) && scene_.closed) {
    return refused({error_code::coordinator_load_in_progress, ""});
  }
  auto topology = new_topology(r);
  if (!topology) return refused(topology.error());
  auto seen = look_at_topics(*topology ? **topology : *state().topology());
  if (!seen) return refused(seen.error());
  const auto& now = *seen ? (*seen)->configured : *group_.configured_;
  if (const auto ok = check_tasks(r, now); !ok) return refused(ok.error());

  const bool had_endpoints = state().has_endpoints();
  take_part(r, metadata_of(r, context), *std::move(topology), *std::move(seen));
  const auto delayed = follow();
  const bool news = reconcile(r.member_id, tasks_of(r));
  expect_heartbeat(r.member_id);
  if (r.shutdown_application) group_.stopped_by_ = text::copy(r.member_id.view());

  response out;
  out.member_id = r.member_id;
  out.member_epoch = state().find(r.member_id)->current.epoch;
  out.heartbeat_interval_ms = scene_.settings.heartbeat_interval_ms;
  const bool joins = r.member_epoch == joining_epoch;
  if (news || joins || is_full(r)) tell_tasks(r.member_id, out);
  if ((news || joins) && had_endpoints) ++group_.endpoint_epoch_;
  tell_endpoints(r, out);
  tell_trouble(delayed, out);
  ask_for_missing();
  return out;
}

streams_metadata streams_step::metadata_of(const request& r, const request_context& context) {
  const auto* before = state().find(r.member_id);
  auto m = before ? before->metadata : streams_metadata{};
  if (r.rack_id) m.rack_id = r.rack_id;
  if (r.rebalance_timeout_ms != -1) m.rebalance_timeout_ms = r.rebalance_timeout_ms;
  if (r.topology) m.topology_epoch = r.topology->epoch;
  if (r.process_id) m.process_id = *r.process_id;
  if (r.user_endpoint) m.endpoint = streams_endpoint{r.user_endpoint->host, r.user_endpoint->port};
  if (r.client_tags) {
    m.client_tags.clear();
    for (const auto& t : *r.client_tags) m.client_tags.emplace_back(t.key, t.value);
    std::ranges::sort(m.client_tags);
  }
  m.client_id = context.client_id;
  m.client_host = context.client_host;
  return m;
}

// Kafka 4.3 lets a group have one topology for as long as it is there.
streams_step::result<std::optional<streams_topology>> streams_step::new_topology(const request& r) {
  const auto& now = state().topology();
  if (!r.topology) {
    if (now) return std::nullopt;
    // Half of what a join stored is gone: it has to join again.
    return std::unexpected(group_error{error_code::unknown_member_id, ""});
  }
  auto wanted = topology_from(*r.topology);
  if (!now && is_too_large(wanted)) {
    return std::unexpected(
        group_error{error_code::streams_invalid_topology, "The topology is too large."});
  }
  if (!now) return wanted;
  if (*now == wanted) return std::nullopt;
  return std::unexpected(
      group_error{error_code::invalid_request, "Topology updates are not supported yet."});
}

streams_step::result<std::optional<streams_step::sight>> streams_step::look_at_topics(
    const streams_topology& topology) {
  if (group_.topics_looked_at_ && group_.configured_ && state().topology()) return std::nullopt;
  const auto names = topology.topics();
  group_.work_ += names.size();
  auto now = configured(topology, scene_.topics);
  if (!now) return std::unexpected(now.error());
  return sight{metadata_hash(names, scene_.topics), *std::move(now)};
}

group_result streams_step::check_tasks(const request& r, const configured_topology& now) {
  if (!now.is_ready()) return {};
  for (const auto* list : {&r.active_tasks, &r.standby_tasks, &r.warmup_tasks}) {
    if (!*list) continue;
    for (const auto& t : **list) {
      const auto tasks = now.tasks.find(t.subtopology_id);
      if (tasks == now.tasks.end()) {
        return std::unexpected(group_error{
            error_code::invalid_request,
            fmt::format("Subtopology {} does not exist in the topology.", t.subtopology_id)});
      }
      const auto bad = std::ranges::find_if(
          t.partitions, [&](std::int32_t p) { return p < 0 || p >= tasks->second; });
      if (bad == t.partitions.end()) continue;
      return std::unexpected(
          group_error{error_code::invalid_request,
                      fmt::format("Task {} for subtopology {} is invalid. Number of tasks for this "
                                  "subtopology: {}",
                                  *bad, t.subtopology_id, tasks->second)});
    }
  }
  return {};
}

std::vector<std::pair<text, text>> streams_step::configs() const {
  return {{text("num.standby.replicas"), text(fmt::to_string(scene_.settings.standby_replicas))}};
}

void streams_step::begin_epoch(std::int64_t hash, std::int32_t validated_topology) {
  const auto now = std::max(state().epoch().epoch, first_epoch);
  if (scene_.broken.keeps_streams_epoch && now > first_epoch) return;
  put(streams_group_record{streams_epoch{now + 1, hash, validated_topology, configs()}});
}

void streams_step::take_part(const request& r, streams_metadata metadata,
                             std::optional<streams_topology> topology, std::optional<sight> seen) {
  const auto* before = state().find(r.member_id);
  const bool changed = !before || before->metadata != metadata;
  if (seen) {
    group_.topics_looked_at_ = true;
    group_.topics_hash_ = seen->hash;
    group_.configured_ = std::move(seen->configured);
  }
  const auto hash = group_.topics_hash_;
  const auto validated =
      group_.configured_->is_ready() ? (topology ? *topology : *state().topology()).epoch : -1;
  const auto& epoch = state().epoch();
  if (changed || hash != epoch.metadata_hash || validated != epoch.validated_topology ||
      configs() != epoch.configs) {
    const auto delay = scene_.settings.initial_rebalance_delay_ms;
    if (group_.empty() && delay > 0 && !group_.share_out_at_ms_) {
      group_.share_out_at_ms_ = scene_.now.steady_ms + delay;
    }
    begin_epoch(hash, validated);
  }
  if (topology) put(streams_topology_record{std::move(topology)});
  if (changed) put(streams_member_record{r.member_id, std::move(metadata)});
}

std::optional<streams_note> streams_step::follow() {
  if (group_.share_out_at_ms_ && *group_.share_out_at_ms_ <= scene_.now.steady_ms) {
    group_.share_out_at_ms_.reset();
  }
  if (state().target().epoch >= state().epoch().epoch) return std::nullopt;
  if (group_.share_out_at_ms_) {
    return streams_note{streams_status::assignment_delayed,
                        "Assignment delayed due to the configured initial rebalance delay."};
  }
  if (!may_share_out()) {
    return streams_note{streams_status::assignment_delayed,
                        "Assignment delayed due to the configured assignment interval."};
  }
  share_out();
  return std::nullopt;
}

// Not more often than the interval says: members that come in quick succession share one
// assignment (KIP-1263). A clock that was set back must not stop assignments.
bool streams_step::may_share_out() const {
  const auto& last = group_.state_.target();
  const auto now = scene_.now.wall.value();
  return last.epoch == 0 || now < last.made_at ||
         now - last.made_at >= scene_.settings.assignment_interval_ms;
}

void streams_step::end_delay() {
  group_.share_out_at_ms_.reset();
  if (group_.empty() || state().target().epoch >= state().epoch().epoch) return;
  if (!group_.configured_) return;  // the next heartbeat looks
  share_out();
}

// A topology that can't run has no tasks to share out.
void streams_step::share_out() {
  task_assignment_input in;
  in.standby_replicas = scene_.settings.standby_replicas;
  const bool runs = group_.configured_->is_ready() ||
                    (scene_.broken.runs_without_topics && !group_.configured_->missing.empty());
  if (runs) {
    for (const auto& s : state().topology()->subtopologies) {
      in.subtopologies.push_back({s.id, group_.configured_->tasks.at(s.id), s.has_state()});
    }
  }
  for (const auto& [id, m] : state().members()) {
    in.members.push_back({id, m.metadata.process_id.view(), state().target_of(id)});
  }
  auto shares = assign_tasks(in, group_.work_);
  auto share = shares.begin();
  for (const auto& m : in.members) {
    const auto* before = state().target_of(m.member_id);
    const bool same = before ? *before == *share : share->empty();
    if (!same) put(streams_target_record{m.member_id, std::move(*share)});
    ++share;
  }
  put(target_epoch_record{target_epoch{state().epoch().epoch, scene_.now.wall.value()}});
}

bool streams_step::is_free(const task& t, const streams_member& member) {
  if (scene_.broken.takes_owned_tasks) return true;
  // No process has no name.
  const text elsewhere;
  return state().is_free(t,
                         scene_.broken.shares_processes ? elsewhere : member.metadata.process_id);
}

bool streams_step::reconcile(const text& id, const std::optional<task_set>& owned) {
  const auto& member = *state().find(id);
  const auto target = std::max(state().target().epoch, first_epoch);
  if (member.reconciled_to(target)) return false;
  const auto before = member.current;
  const task_set nothing;
  const auto* given_up = scene_.broken.awaits_no_tasks ? &nothing : nullptr;
  const auto next =
      reconciled(before, {.target_epoch = target,
                          .target = state().target_of(id),
                          .owned = owned && !given_up ? &*owned : given_up,
                          .subscription_changed = false,
                          .is_free = [&](const task& t) { return is_free(t, member); },
                          .is_subscribed = [](const subtopology_role&) { return true; }});
  group_.work_ += before.assigned.size() + next.assigned.size() + next.revoking.size();
  if (next == before) return false;
  put(streams_current_record{id, next});
  if (next.state == member_state::unrevoked_partitions) {
    expect_revocation(id);
  } else {
    group_.deadlines_.cancel(id, kind::rebalance);
  }
  return !next.assigned.same_partitions(before.assigned);
}

void streams_step::tell_tasks(const text& id, response& to) {
  put_tasks(state().find(id)->current.assigned, to);
}

void streams_step::expect_heartbeat(const text& id) {
  if (scene_.broken.silent_streams_stay) return;
  expect(id, kind::session, scene_.settings.session_timeout_ms);
}
void streams_step::expect_revocation(const text& id) {
  if (scene_.broken.task_keepers_stay) return;
  expect(id, kind::rebalance, state().find(id)->metadata.rebalance_timeout_ms);
}
void streams_step::expect(const text& id, kind what, std::int32_t within_ms) {
  // The id as the state has it: a request's own is a share of all that was received.
  const auto& kept = state().members().find(id)->first;
  group_.deadlines_.set(kept, what, scene_.now.steady_ms + std::max(within_ms, 0));
}

}  // namespace weir::group
