#include "core/group/consumer_group.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/group/consumer_step.h"
#include "core/group/consumer_target.h"

namespace weir::group {
namespace {

using kafka::error_code;
using described = kafka::consumer_group_describe_response;

constexpr std::int16_t offset_commit_with_epochs = 9;  // the version that KIP-848 brought

template <typename... Args>
std::unexpected<group_error> no(error_code code, fmt::format_string<Args...> format,
                                Args&&... args) {
  return std::unexpected(group_error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// What clients call the number that a member's requests carry.
std::string_view word_of_epoch(const consumer_member& m) {
  return m.metadata.classic ? "generation id" : "member epoch";
}
error_code wrong_epoch(const consumer_member& m) {
  return m.metadata.classic ? error_code::illegal_generation : error_code::stale_member_epoch;
}

// Topics that are gone are left out.
described::assignment_info described_of(const topic_partitions& from, const topic_view& topics) {
  described::assignment_info out;
  for (const auto& [topic, partitions] : from.topics()) {
    const auto name = topics.name_of(topic);
    if (!name) continue;
    auto& to = out.topic_partitions.emplace_back();
    to.topic_id = topic;
    to.topic_name = text(*name);
    to.partitions = {partitions.begin(), partitions.end()};
  }
  return out;
}

described::member described_of(const text& id, const consumer_member& m,
                               const topic_partitions* target, const topic_view& topics) {
  described::member out;
  out.member_id = id;
  out.instance_id = m.metadata.instance_id;
  out.rack_id = m.metadata.rack_id;
  out.member_epoch = m.current.epoch;
  out.client_id = m.metadata.client_id;
  out.client_host = m.metadata.client_host;
  out.subscribed_topic_names = {m.metadata.topic_names.begin(), m.metadata.topic_names.end()};
  if (!m.metadata.topic_regex.empty()) out.subscribed_topic_regex = m.metadata.topic_regex;
  out.assignment = described_of(m.current.assigned.partitions(), topics);
  if (target) out.target_assignment = described_of(*target, topics);
  out.member_type = m.metadata.classic ? 0 : 1;
  return out;
}

}  // namespace

std::string_view name_of(consumer_group_state state) {
  switch (state) {
    case consumer_group_state::empty:
      return "Empty";
    case consumer_group_state::assigning:
      return "Assigning";
    case consumer_group_state::reconciling:
      return "Reconciling";
    case consumer_group_state::stable:
      return "Stable";
  }
  return {};
}

consumer_group_state consumer_group::state() const {
  if (empty()) return consumer_group_state::empty;
  if (state_.epoch().epoch > state_.target().epoch) return consumer_group_state::assigning;
  const bool all = std::ranges::all_of(state_.members(), [&](const auto& entry) {
    return entry.second.reconciled_to(state_.target().epoch);
  });
  return all ? consumer_group_state::stable : consumer_group_state::reconciling;
}

void consumer_group::loaded(const consumer_scene& scene) {
  consumer_step step(*this, scene);
  for (const auto& [id, member] : state_.members()) {
    step.expect_heartbeat(id);
    if (member.current.state == member_state::unrevoked_partitions) step.expect_revocation(id);
  }
}

kafka::consumer_group_heartbeat_response consumer_group::heartbeat(
    const kafka::consumer_group_heartbeat_request& r, const request_context& context,
    const consumer_scene& scene) {
  return consumer_step(*this, scene).heartbeat(r, context);
}

void consumer_group::become(std::span<const consumer_record> records, const consumer_scene& scene) {
  consumer_step(*this, scene).become(records);
}

kafka::join_group_response consumer_group::join(const kafka::join_group_request& r,
                                                const request_context& context,
                                                const consumer_scene& scene) {
  return consumer_step(*this, scene).join(r, context);
}
kafka::sync_group_response consumer_group::sync(const kafka::sync_group_request& r,
                                                const consumer_scene& scene) {
  return consumer_step(*this, scene).sync(r);
}
error_code consumer_group::beat(const kafka::heartbeat_request& r, const consumer_scene& scene) {
  return consumer_step(*this, scene).beat(r);
}
kafka::leave_group_response consumer_group::leave(const kafka::leave_group_request& r,
                                                  std::int16_t version,
                                                  const consumer_scene& scene) {
  return consumer_step(*this, scene).leave(r, version);
}

group_result consumer_group::would_take(const kafka::consumer_group_heartbeat_request& r,
                                        const request_context& context,
                                        const consumer_scene& scene) {
  return consumer_step(*this, scene).would_take(r, context);
}

void consumer_group::tick(const consumer_scene& scene, std::size_t count) {
  std::vector<text> late;
  while (late.size() < count) {
    const auto due = deadlines_.take(scene.now.steady_ms);
    if (!due) break;
    deadlines_.cancel(due->member_id);
    late.push_back(due->member_id);
  }
  if (!late.empty()) consumer_step(*this, scene).end(late);
}

void consumer_group::remove(const consumer_scene& scene) {
  consumer_step(*this, scene).remove_group();
}

std::size_t consumer_group::memory_bytes() const {
  constexpr std::size_t group_bytes = 512;
  return group_bytes + state_.memory_bytes();
}

bool consumer_group::is_subscribed(const text& topic) const {
  if (state_.names_wanted().contains(topic)) return true;
  return std::ranges::any_of(state_.regexes_wanted(), [&](const auto& entry) {
    const auto* regex = state_.resolved(entry.first);
    return regex && regex->topics.contains(topic);
  });
}

group_result consumer_group::may_commit(const offset_claim& by,
                                        std::span<const partition_key> partitions,
                                        const topic_view& topics) const {
  if (by.epoch < 0 && empty()) return {};  // an administrator, or who assigns by hand
  // A transaction needs to tell no member (KIP-447); then its producer's epoch alone protects it.
  if (by.in_transaction && by.epoch < 0 && by.member_id.empty()) return {};
  const auto* member = state_.find(by.member_id);
  if (!member) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", by.member_id,
              id_);
  }
  const bool classic = member->metadata.classic.has_value();
  if (!classic && !by.in_transaction && by.api_version < offset_commit_with_epochs) {
    return no(error_code::unsupported_version,
              "OffsetCommit version 9 or above must be used by members using the consumer group "
              "protocol");
  }
  const auto& current = member->current;
  const auto word = word_of_epoch(*member);
  if (by.epoch == current.epoch) return {};
  if (by.epoch > current.epoch) {
    return no(wrong_epoch(*member), "Received {} {} is newer than current member epoch {}.", word,
              by.epoch, current.epoch);
  }
  for (const auto& p : partitions) {
    const auto got = std::max(current.assigned.epoch_of(p), current.revoking.epoch_of(p));
    if (got >= 0 && got <= by.epoch) continue;
    const auto name = topics.name_of(p.topic_id).value_or(p.topic_id.str());
    if (got < 0) {
      return no(wrong_epoch(*member),
                "Partition {}-{} is not assigned or pending revocation for member.", name,
                p.partition);
    }
    return no(wrong_epoch(*member),
              "Received {} {} is older than assignment epoch {} for partition {}-{}.", word,
              by.epoch, got, name, p.partition);
  }
  return {};
}

group_result consumer_group::may_fetch(const offset_claim& by) const {
  // Neither an id nor an epoch: not a member's request.
  if (by.member_id.empty() && by.epoch < 0) return {};
  const auto* member = state_.find(by.member_id);
  if (!member) {
    return no(error_code::unknown_member_id, "Member {} is not a member of group {}.", by.member_id,
              id_);
  }
  if (by.epoch == member->current.epoch) return {};
  return no(wrong_epoch(*member), "The received {} {} does not match the expected member epoch {}.",
            word_of_epoch(*member), by.epoch, member->current.epoch);
}

described::group consumer_group::describe(const consumer_settings& settings,
                                          const topic_view& topics) const {
  described::group out;
  out.group_id = id_;
  out.group_state = text::unowned(name_of(state()));
  out.group_epoch = state_.epoch().epoch;
  out.assignment_epoch = state_.target().epoch;
  out.assignor_name = text::unowned(name_of(preferred_assignor(state_, settings)));
  for (const auto& [id, member] : state_.members()) {
    out.members.push_back(described_of(id, member, state_.target_of(id), topics));
  }
  return out;
}

}  // namespace weir::group
