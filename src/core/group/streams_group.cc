#include "core/group/streams_group.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/group/streams_step.h"

namespace weir::group {
namespace {

using kafka::error_code;
using described = kafka::streams_group_describe_response;

constexpr std::int16_t offset_commit_with_epochs = 9;  // the version that KIP-848 brought
constexpr std::int32_t first_epoch = 1;

template <typename... Args>
std::unexpected<group_error> no(error_code code, fmt::format_string<Args...> format,
                                Args&&... args) {
  return std::unexpected(group_error{code, fmt::format(format, std::forward<Args>(args)...)});
}

described::member described_of(const text& id, const streams_member& m, const task_set* target) {
  described::member out;
  out.member_id = id;
  out.member_epoch = m.current.epoch;
  out.instance_id = m.metadata.instance_id;
  out.rack_id = m.metadata.rack_id;
  out.client_id = m.metadata.client_id;
  out.client_host = m.metadata.client_host;
  out.topology_epoch = m.metadata.topology_epoch;
  out.process_id = m.metadata.process_id;
  if (m.metadata.endpoint) {
    described::endpoint to;
    to.host = m.metadata.endpoint->host;
    to.port = m.metadata.endpoint->port;
    out.user_endpoint = std::move(to);
  }
  for (const auto& [key, value] : m.metadata.client_tags) out.client_tags.push_back({key, value});
  put_tasks(m.current.assigned, out.assignment);
  if (target) put_tasks(*target, out.target_assignment);
  return out;
}

// Partition counts of internal topics as they come to be, where the topology can run.
template <typename List>
void put_described(const std::vector<internal_topic>& from, const configured_topology* now,
                   List& to) {
  put_internal_topics(from, to);
  if (!now) return;
  for (auto& t : to) {
    if (const auto at = now->internal.find(t.name); at != now->internal.end()) {
      t.partitions = at->second;
    }
  }
}

}  // namespace

std::string_view name_of(streams_group_state state) {
  switch (state) {
    case streams_group_state::empty:
      return "Empty";
    case streams_group_state::not_ready:
      return "NotReady";
    case streams_group_state::assigning:
      return "Assigning";
    case streams_group_state::reconciling:
      return "Reconciling";
    case streams_group_state::stable:
      return "Stable";
  }
  return {};
}

streams_group_state streams_group::state() const {
  if (empty()) return streams_group_state::empty;
  if (!state_.is_ready()) return streams_group_state::not_ready;
  if (state_.epoch().epoch > state_.target().epoch) return streams_group_state::assigning;
  const bool all = std::ranges::all_of(state_.members(), [&](const auto& entry) {
    return entry.second.reconciled_to(state_.target().epoch);
  });
  return all ? streams_group_state::stable : streams_group_state::reconciling;
}

void streams_group::loaded(const streams_scene& scene) {
  streams_step step(*this, scene);
  for (const auto& [id, member] : state_.members()) {
    step.expect_heartbeat(id);
    if (member.current.state == member_state::unrevoked_partitions) step.expect_revocation(id);
  }
}

kafka::streams_group_heartbeat_response streams_group::heartbeat(
    const kafka::streams_group_heartbeat_request& r, const request_context& context,
    const streams_scene& scene) {
  return streams_step(*this, scene).heartbeat(r, context);
}

void streams_group::tick(const streams_scene& scene, std::size_t count) {
  streams_step step(*this, scene);
  std::vector<text> late;
  while (late.size() < count) {
    const auto due = deadlines_.take(scene.now.steady_ms);
    if (!due) break;
    deadlines_.cancel(due->member_id);
    late.push_back(due->member_id);
  }
  if (!late.empty()) step.end(late);
  if (share_out_at_ms_ && *share_out_at_ms_ <= scene.now.steady_ms) step.end_delay();
}

std::optional<std::int64_t> streams_group::next_deadline() const {
  const auto next = deadlines_.next();
  if (!next || !share_out_at_ms_) return next ? next : share_out_at_ms_;
  return std::min(*next, *share_out_at_ms_);
}

void streams_group::topics_made(std::map<text, std::string> failures) {
  failures_.clear();
  for (auto& [name, why] : failures) failures_.emplace(text::copy(name.view()), std::move(why));
}

void streams_group::remove(const streams_scene& scene) {
  streams_step(*this, scene).remove_group();
}

std::size_t streams_group::memory_bytes() const {
  constexpr std::size_t group_bytes = 512;
  // What the topology comes to is as large as the topology at most.
  return group_bytes + state_.memory_bytes() + state_.topology_bytes();
}

std::expected<streams_group::commit_check, group_error> streams_group::may_commit(
    const offset_claim& by) const {
  if (by.epoch < 0 && empty()) return commit_check::done;  // an administrator
  // A transaction needs to tell no member (KIP-447); then its producer's epoch alone protects it.
  if (by.in_transaction && by.epoch < 0 && by.member_id.empty()) return commit_check::done;
  const auto* member = state_.find(by.member_id);
  if (!member) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", by.member_id,
              id_);
  }
  if (!by.in_transaction && by.api_version < offset_commit_with_epochs) {
    return no(error_code::unsupported_version,
              "OffsetCommit version 9 or above must be used by members using the streams group "
              "protocol");
  }
  const auto known = member->current.epoch;
  if (by.epoch == known) return commit_check::done;
  if (by.epoch < known) return commit_check::by_partition;
  return no(error_code::stale_member_epoch,
            "Received member epoch {} is newer than current member epoch {}.", by.epoch, known);
}

group_result streams_group::may_commit(const offset_claim& by, const text& topic,
                                       std::int32_t partition) const {
  const auto* reader = state_.reader_of(topic);
  if (!reader) {
    return no(error_code::stale_member_epoch, "Topic {} is not in the topology.", topic);
  }
  const auto& current = state_.find(by.member_id)->current;
  const task t{{task_role::active, *reader}, partition};
  const auto got = std::max(current.assigned.epoch_of(t), current.revoking.epoch_of(t));
  if (got >= 0 && got <= by.epoch) return {};
  if (got < 0) {
    return no(error_code::stale_member_epoch,
              "Task {}-{} is not assigned or pending revocation for member.", *reader, partition);
  }
  return no(error_code::stale_member_epoch,
            "Received member epoch {} is older than assignment epoch {} for task {}-{}.", by.epoch,
            got, *reader, partition);
}

group_result streams_group::may_fetch(const offset_claim& by) const {
  const auto* member = state_.find(by.member_id);
  if (!member) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", by.member_id,
              id_);
  }
  if (by.epoch == member->current.epoch) return {};
  return no(error_code::stale_member_epoch,
            "The received member epoch {} does not match the expected member epoch {}.", by.epoch,
            member->current.epoch);
}

described::group streams_group::describe(const topic_view& topics) const {
  described::group out;
  out.group_id = id_;
  out.group_state = text::unowned(name_of(state()));
  out.group_epoch = state_.epoch().epoch;
  out.assignment_epoch = std::max(state_.target().epoch, first_epoch);
  if (const auto& topology = state_.topology()) {
    described::topology_info to;
    to.epoch = topology->epoch;
    to.subtopologies.emplace();
    const auto now = configured(*topology, topics);
    const auto* counts = now && now->is_ready() ? &*now : nullptr;
    for (const auto& s : topology->subtopologies) {
      auto& t = to.subtopologies->emplace_back();
      t.subtopology_id = s.id;
      t.source_topics = {s.sources.begin(), s.sources.end()};
      t.repartition_sink_topics = {s.repartition_sinks.begin(), s.repartition_sinks.end()};
      put_described(s.changelogs, counts, t.state_changelog_topics);
      put_described(s.repartition_sources, counts, t.repartition_source_topics);
    }
    out.topology = std::move(to);
  }
  for (const auto& [id, member] : state_.members()) {
    out.members.push_back(described_of(id, member, state_.target_of(id)));
  }
  return out;
}

}  // namespace weir::group
