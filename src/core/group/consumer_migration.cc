#include "core/group/consumer_migration.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/group/embedded_protocol.h"
#include "core/group/subscription.h"

namespace weir::group {
namespace {

using kafka::error_code;

std::unexpected<group_error> no(std::string_view group, std::string_view why) {
  return std::unexpected(group_error{
      error_code::group_id_not_found,
      fmt::format("Cannot upgrade classic group {} to consumer group because {}", group, why)});
}

constexpr std::string_view malformed = "the embedded consumer protocol is malformed.";

// The protocol that was chosen first: it is the one whose metadata the generation rests on.
std::vector<classic_protocol> protocols_of(const classic_group& g, const classic_group::member& m) {
  std::vector<classic_protocol> out;
  for (const auto& p : m.protocols) {
    const auto at = p.name == g.protocol_name().value_or("") ? out.begin() : out.end();
    out.insert(at, {text::copy(p.name), p.metadata});
  }
  return out;
}

// The one that all offer, as the first of them prefers. There is one: but a log may be anyone's.
std::optional<text> common_protocol(const consumer_state& state) {
  for (const auto& p : state.members().begin()->second.metadata.classic->protocols) {
    if (state.protocols_offered().at(p.name) == state.classic_members()) return p.name;
  }
  return std::nullopt;
}

named_partitions with_names(const owned_partitions& from, const topic_view& topics) {
  named_partitions out;
  for (const auto& [topic, epochs] : from.topics()) {
    const auto name = topics.name_of(topic);
    if (!name) continue;
    auto& list = out[text(*name)];
    for (const auto& [partition, epoch] : epochs) list.push_back(partition);
  }
  return out;
}

// What one member becomes. A client's assignor may have given a partition to two: the first has it,
// the other one is not given it again.
struct upgrade {
  const classic_group& g;
  const topic_view& topics;
  topic_partitions taken;
  std::vector<consumer_record> records;

  group_result add(const text& id, const classic_group::member& m) {
    member_metadata data;
    const auto protocols = protocols_of(g, m);
    if (protocols.empty()) return no(g.id(), malformed);
    const auto subscription = subscription_from(protocols.front().metadata);
    const auto assignment = assignment_from(m.assignment);
    if (!subscription || !assignment) return no(g.id(), malformed);
    if (assignment->has_user_data) {
      return no(g.id(),
                "an unsupported custom assignor is in use. Please refer to the documentation or "
                "switch to a default assignor before re-attempting the upgrade.");
    }
    if (m.instance_id) data.instance_id = text(*m.instance_id);
    data.rack_id = subscription->rack_id;
    data.client_id = text(m.client_id);
    data.client_host = text(m.client_host);
    data.topic_names = subscription->topics;
    data.rebalance_timeout_ms = m.rebalance_timeout_ms;
    data.classic = classic_member{m.session_timeout_ms, protocols};

    current_assignment current;
    current.epoch = current.previous_epoch = g.generation();
    for (const auto& [name, partitions] : assignment->partitions) {
      const auto topic = topics.find(name.view());
      if (!topic) continue;
      for (const auto p : partitions) {
        const partition_key key{topic->id, p};
        if (taken.contains(key)) continue;
        taken.add(key);
        current.assigned.add(key, g.generation());
      }
    }
    records.emplace_back(member_record{id, std::move(data)});
    if (!current.assigned.empty()) {
      records.emplace_back(target_record{id, current.assigned.partitions()});
    }
    records.emplace_back(current_record{id, std::move(current)});
    return {};
  }
};

}  // namespace

bool may_upgrade(migration_policy policy) {
  return policy == migration_policy::upgrade || policy == migration_policy::bidirectional;
}
bool may_downgrade(migration_policy policy) {
  return policy == migration_policy::downgrade || policy == migration_policy::bidirectional;
}

std::expected<std::vector<consumer_record>, group_error> upgraded(const classic_group& g,
                                                                  const consumer_settings& settings,
                                                                  const topic_view& topics) {
  if (!may_upgrade(settings.migration)) return no(g.id(), "online upgrade is disabled.");
  if (!g.members().empty() && g.protocol_type() != consumer_protocol_type) {
    return no(g.id(), "the group does not use the consumer embedded protocol.");
  }
  if (g.members().size() > settings.members_max) {
    return no(g.id(), "the group size exceeds the consumer group maximum size.");
  }
  upgrade u{g, topics, {}, {}};
  // Also where the group was stable: a target that a client's assignor made is none of ours.
  u.records.emplace_back(group_record{group_epoch{g.generation() + 1, 0}});
  for (const auto& [id, m] : g.members()) {
    if (const auto ok = u.add(text(id), m); !ok) return std::unexpected(ok.error());
  }
  u.records.emplace_back(target_epoch_record{target_epoch{g.generation(), 0}});
  return std::move(u.records);
}

bool can_downgrade(const consumer_state& state, const consumer_settings& settings,
                   std::size_t classic_members_max) {
  const auto members = state.members().size();
  return members > 0 && state.classic_members() == members && members <= classic_members_max &&
         may_downgrade(settings.migration) && common_protocol(state);
}

logged::group_metadata_value downgraded(const consumer_state& state, const topic_view& topics,
                                        moment now) {
  const auto protocol = common_protocol(state).value_or(text());
  logged::group_metadata_value out;
  out.protocol_type = text::unowned(consumer_protocol_type);
  out.generation = state.target().epoch + 1;
  out.protocol = protocol;
  out.leader = state.members().begin()->first;
  out.current_state_timestamp = now.wall.value();
  for (const auto& [id, m] : state.members()) {
    auto& to = out.members.emplace_back();
    to.member_id = id;
    to.group_instance_id = m.metadata.instance_id;
    to.client_id = m.metadata.client_id;
    to.client_host = m.metadata.client_host;
    to.rebalance_timeout = m.metadata.rebalance_timeout_ms;
    to.session_timeout = m.metadata.classic->session_timeout_ms;
    for (const auto& p : m.metadata.classic->protocols) {
      if (p.name == protocol) to.subscription = p.metadata;
    }
    const auto subscription = subscription_from(to.subscription);
    to.assignment = assignment_bytes(with_names(m.current.assigned, topics),
                                     subscription ? subscription->version : std::int16_t{0});
  }
  return out;
}

}  // namespace weir::group
