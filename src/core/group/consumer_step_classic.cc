// Members that speak the classic protocol in a group of the consumer protocol, while an application
// moves from one to the other: to them the group is one in which somebody else leads and shares out
// partitions. A member's epoch is its generation; that it must give up or may take partitions is a
// rebalance.
#include <algorithm>

#include "core/group/classic_groups.h"
#include "core/group/consumer_step.h"
#include "core/group/embedded_protocol.h"
#include "core/group/subscription.h"

namespace weir::group {
namespace {

using kafka::error_code;

// JoinGroup from this version on: a newcomer gets its id first and joins with it (KIP-394).
constexpr std::int16_t first_with_ids_first = 4;
// LeaveGroup from this version on: several members, each with an error of its own.
constexpr std::int16_t first_with_members = 3;

topic_partitions with_ids(const named_partitions& from, const topic_view& topics) {
  topic_partitions out;
  for (const auto& [name, partitions] : from) {
    if (const auto topic = topics.find(name.view())) out.add(topic->id, partitions);
  }
  return out;
}

classic_member classic_of(const kafka::join_group_request& r) {
  classic_member out;
  out.session_timeout_ms = r.session_timeout_ms;
  for (const auto& p : r.protocols) out.protocols.push_back({p.name, p.metadata});
  return out;
}

}  // namespace

// Like all who are in it, it must be a consumer; classic members must have a protocol in common,
// for the day on which they are alone again.
bool consumer_step::takes(const kafka::join_group_request& r, const text& member_id) const {
  if (r.protocol_type != consumer_protocol_type || r.protocols.empty()) return false;
  const auto& state = group_.state_;
  const auto* member = state.find(member_id);
  const auto* before = member && member->metadata.classic ? &*member->metadata.classic : nullptr;
  const std::size_t others = state.classic_members() - (before ? 1 : 0);
  return std::ranges::any_of(r.protocols, [&](const auto& p) {
    const auto offered = state.protocols_offered().find(p.name);
    const std::size_t by = offered == state.protocols_offered().end() ? 0 : offered->second;
    return by - (before && before->offers(p.name) ? 1 : 0) == others;
  });
}

std::expected<consumer_step::identity, error_code> consumer_step::identify_joining(
    const kafka::join_group_request& r, const request_context& context) {
  if (!state().find(r.member_id) && !is_held(r.group_instance_id) && has_no_room()) {
    return std::unexpected(error_code::group_max_size_reached);
  }
  if (!takes(r, r.member_id)) return std::unexpected(error_code::inconsistent_group_protocol);
  const bool unknown = r.member_id.empty();
  const auto id = unknown ? text(new_member_id(r, context)) : r.member_id;
  if (!r.group_instance_id) return identity{id, std::nullopt};
  const auto* holder = state().member_of_instance(*r.group_instance_id);
  // An instance that starts again takes its place back: the one before it is fenced.
  if (unknown) return identity{id, holder ? std::optional(*holder) : std::nullopt};
  if (!holder) return std::unexpected(error_code::unknown_member_id);
  if (*holder != id) return std::unexpected(error_code::fenced_instance_id);
  return identity{id, std::nullopt};
}

kafka::join_group_response consumer_step::join(const kafka::join_group_request& r,
                                               const request_context& context) {
  const auto version = context.api_version;
  const auto who = identify_joining(r, context);
  if (!who) return join_refusal(version, who.error(), r.member_id);
  if (r.member_id.empty() && !r.group_instance_id && version >= first_with_ids_first) {
    return join_refusal(version, error_code::member_id_required, who->member_id);
  }
  const auto subscription = subscription_from(r.protocols.front().metadata);
  if (!subscription) {
    return join_refusal(version, error_code::inconsistent_group_protocol, r.member_id);
  }
  auto m = metadata_of(*who);
  m.instance_id = r.group_instance_id;
  m.rack_id = subscription->rack_id;
  m.rebalance_timeout_ms = version == 0 ? r.session_timeout_ms : r.rebalance_timeout_ms;
  m.topic_names = subscription->topics;
  m.topic_regex = {};
  m.server_assignor.reset();
  m.client_id = context.client_id;
  m.client_host = context.client_host;
  m.classic = classic_of(r);
  const auto change = changes_to(std::move(m), *who);
  if (change.is_new && scene_.closed) {
    return join_refusal(version, error_code::coordinator_load_in_progress, r.member_id);
  }
  // Eager consumers have given up everything before they join, and say that they have nothing.
  const auto owned = with_ids(subscription->owned, scene_.topics);
  advance(*who, change, &owned);
  group_.deadlines_.cancel(who->member_id, kind::join);
  const auto& member = *state().find(who->member_id);
  expect(who->member_id, kind::sync, member.metadata.rebalance_timeout_ms);

  auto out = join_refusal(version, error_code::none, who->member_id);
  out.generation_id = member.current.epoch;
  out.protocol_type = text::unowned(consumer_protocol_type);
  out.protocol_name = member.metadata.classic->protocols.front().name;
  return out;
}

error_code consumer_step::check_classic(const text& member_id,
                                        const std::optional<text>& instance_id) const {
  if (instance_id) {
    const auto* holder = group_.state_.member_of_instance(*instance_id);
    if (!holder) return error_code::unknown_member_id;
    if (*holder != member_id) return error_code::fenced_instance_id;
  }
  const auto* member = group_.state_.find(member_id);
  // One without protocols is of a log that nobody of ours wrote.
  const bool speaks_it =
      member && member->metadata.classic && !member->metadata.classic->protocols.empty();
  return speaks_it ? error_code::none : error_code::unknown_member_id;
}

bool consumer_step::must_rejoin(const text& id) {
  const auto& member = *state().find(id);
  const auto can_take = [&] {
    const auto* target = state().target_of(id);
    if (!target) return true;
    bool waits = false;
    target->for_each([&](const partition_key& p) {
      waits = waits || (!member.current.assigned.contains(p) && state().owners(p) > 0);
    });
    return !waits;
  };
  bool must = member.current.epoch < state().epoch().epoch;
  switch (member.current.state) {
    case member_state::stable:
      break;
    case member_state::unrevoked_partitions:
      must = true;
      break;
    case member_state::unreleased_partitions:
      must = must || can_take();
      break;
  }
  if (must && !group_.deadlines_.has(id, kind::join)) {
    expect(id, kind::join, member.metadata.rebalance_timeout_ms);
  }
  return must;
}

kafka::sync_group_response consumer_step::sync(const kafka::sync_group_request& r) {
  const auto& id = r.member_id;
  if (const auto why = check_classic(id, r.group_instance_id); why != error_code::none) {
    return sync_refusal(why);
  }
  const auto& member = *state().find(id);
  const auto& protocol = member.metadata.classic->protocols.front();
  if (r.generation_id != member.current.epoch) return sync_refusal(error_code::illegal_generation);
  if ((r.protocol_type && *r.protocol_type != consumer_protocol_type) ||
      (r.protocol_name && *r.protocol_name != protocol.name)) {
    return sync_refusal(error_code::inconsistent_group_protocol);
  }
  // One that is to give up partitions has joined already: it hears first what it keeps.
  if (member.current.epoch < state().epoch().epoch &&
      member.current.state != member_state::unrevoked_partitions) {
    must_rejoin(id);
    return sync_refusal(error_code::rebalance_in_progress);
  }
  group_.deadlines_.cancel(id, kind::sync);
  expect_heartbeat(id);
  named_partitions given;
  for (const auto& [topic, epochs] : member.current.assigned.topics()) {
    const auto name = scene_.topics.name_of(topic);
    if (!name) continue;
    auto& list = given[text(*name)];
    for (const auto& [partition, epoch] : epochs) list.push_back(partition);
  }
  const auto subscription = subscription_from(protocol.metadata);
  kafka::sync_group_response out;
  out.protocol_type = text::unowned(consumer_protocol_type);
  out.protocol_name = protocol.name;
  out.assignment = assignment_bytes(given, subscription ? subscription->version : std::int16_t{0});
  return out;
}

error_code consumer_step::beat(const kafka::heartbeat_request& r) {
  const auto& id = r.member_id;
  if (const auto why = check_classic(id, r.group_instance_id); why != error_code::none) return why;
  if (r.generation_id != state().find(id)->current.epoch) return error_code::illegal_generation;
  expect_heartbeat(id);
  // Where nobody is left who speaks the consumer protocol, nobody else would ask.
  see_topics(false);
  return must_rejoin(id) ? error_code::rebalance_in_progress : error_code::none;
}

std::expected<text, error_code> consumer_step::identify_leaving(
    const text& member_id, const std::optional<text>& instance_id) {
  auto id = member_id;
  if (id.empty() && instance_id) {
    // An administrator knows the instance only, and may put out who speaks either protocol.
    const auto* holder = state().member_of_instance(*instance_id);
    if (!holder) return std::unexpected(error_code::unknown_member_id);
    return *holder;
  }
  if (const auto why = check_classic(id, instance_id); why != error_code::none) {
    return std::unexpected(why);
  }
  return id;
}

kafka::leave_group_response consumer_step::leave(const kafka::leave_group_request& r,
                                                 std::int16_t version) {
  kafka::leave_group_response out;
  std::vector<text> leaving;
  const auto one = [&](const text& member_id, const std::optional<text>& instance_id) {
    auto id = identify_leaving(member_id, instance_id);
    if (!id) return id.error();
    if (!std::ranges::contains(leaving, *id)) leaving.push_back(*std::move(id));
    return error_code::none;
  };
  if (version < first_with_members) {
    out.error = one(r.member_id, std::nullopt);
  } else {
    for (const auto& m : r.members) {
      const auto why = one(m.member_id, m.group_instance_id);
      out.members.push_back({m.member_id, m.group_instance_id, why});
    }
  }
  if (!leaving.empty()) end(leaving);
  return out;
}

}  // namespace weir::group
