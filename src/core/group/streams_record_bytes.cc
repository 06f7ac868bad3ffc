#include "core/group/streams_record_bytes.h"

#include "core/codec/coordinator/streams_group_current_member_assignment.h"
#include "core/codec/coordinator/streams_group_member_metadata.h"
#include "core/codec/coordinator/streams_group_metadata.h"
#include "core/codec/coordinator/streams_group_target_assignment_member.h"
#include "core/codec/coordinator/streams_group_target_assignment_metadata.h"
#include "core/codec/coordinator/streams_group_topology.h"
#include "core/group/record_of_group.h"

namespace weir::group {
namespace {

using kafka::codec_error;
using logged::streams_group_current_member_assignment_key;
using logged::streams_group_current_member_assignment_value;
using logged::streams_group_member_metadata_key;
using logged::streams_group_member_metadata_value;
using logged::streams_group_metadata_key;
using logged::streams_group_metadata_value;
using logged::streams_group_target_assignment_member_key;
using logged::streams_group_target_assignment_member_value;
using logged::streams_group_target_assignment_metadata_key;
using logged::streams_group_target_assignment_metadata_value;
using logged::streams_group_topology_key;
using logged::streams_group_topology_value;

// Kafka numbers the states from 1.
constexpr std::int8_t state_base = 1;

// Domain to declaration.

streams_group_metadata_value logged_of(const streams_epoch& v) {
  streams_group_metadata_value out;
  out.epoch = v.epoch;
  out.metadata_hash = v.metadata_hash;
  out.validated_topology_epoch = v.validated_topology;
  auto& configs = out.last_assignment_configs.emplace();
  for (const auto& [key, value] : v.configs) configs.push_back({key, value});
  return out;
}

streams_group_member_metadata_value logged_of(const streams_metadata& v) {
  streams_group_member_metadata_value out;
  out.instance_id = v.instance_id;
  out.rack_id = v.rack_id;
  out.client_id = v.client_id;
  out.client_host = v.client_host;
  out.rebalance_timeout_ms = v.rebalance_timeout_ms;
  out.topology_epoch = v.topology_epoch;
  out.process_id = v.process_id;
  if (v.endpoint) {
    streams_group_member_metadata_value::endpoint to;
    to.host = v.endpoint->host;
    to.port = v.endpoint->port;
    out.user_endpoint = std::move(to);
  }
  for (const auto& [key, value] : v.client_tags) out.client_tags.push_back({key, value});
  return out;
}

streams_group_target_assignment_metadata_value logged_of(const target_epoch& v) {
  streams_group_target_assignment_metadata_value out;
  out.assignment_epoch = v.epoch;
  out.assignment_timestamp = v.made_at;
  return out;
}

streams_group_target_assignment_member_value logged_of(const task_set& v) {
  streams_group_target_assignment_member_value out;
  put_tasks(v, out);
  return out;
}

template <typename List>
void put(const owned_tasks& from, task_role role, List& to) {
  put_tasks(from, role, to);
  if (role != task_role::active) return;
  auto list = to.begin();
  for (const auto& [of, epochs] : from.topics()) {
    if (of.role != role) continue;
    auto& each = list->assignment_epochs.emplace();
    for (const auto& [partition, epoch] : epochs) each.push_back(epoch);
    ++list;
  }
}

streams_group_current_member_assignment_value logged_of(const task_assignment& v) {
  streams_group_current_member_assignment_value out;
  out.member_epoch = v.epoch;
  out.previous_member_epoch = v.previous_epoch;
  out.state = static_cast<std::int8_t>(static_cast<std::int8_t>(v.state) + state_base);
  put(v.assigned, task_role::active, out.active_tasks);
  put(v.assigned, task_role::standby, out.standby_tasks);
  put(v.assigned, task_role::warmup, out.warmup_tasks);
  put(v.revoking, task_role::active, out.active_tasks_pending_revocation);
  put(v.revoking, task_role::standby, out.standby_tasks_pending_revocation);
  put(v.revoking, task_role::warmup, out.warmup_tasks_pending_revocation);
  return out;
}

streams_group_topology_value logged_of(const streams_topology& v) {
  streams_group_topology_value out;
  out.epoch = v.epoch;
  for (const auto& s : v.subtopologies) {
    auto& to = out.subtopologies.emplace_back();
    to.subtopology_id = s.id;
    to.source_topics = {s.sources.begin(), s.sources.end()};
    to.source_topic_regex = {s.source_regexes.begin(), s.source_regexes.end()};
    put_internal_topics(s.changelogs, to.state_changelog_topics);
    to.repartition_sink_topics = {s.repartition_sinks.begin(), s.repartition_sinks.end()};
    put_internal_topics(s.repartition_sources, to.repartition_source_topics);
    for (const auto& g : s.copartition_groups) {
      to.copartition_groups.push_back(
          {{g.sources.begin(), g.sources.end()},
           {g.source_regexes.begin(), g.source_regexes.end()},
           {g.repartition_sources.begin(), g.repartition_sources.end()}});
    }
  }
  return out;
}

template <typename Key, typename Value>
coordinator_record record_of(const Key& key, const std::optional<Value>& value) {
  return encode_record(key, value, [](const auto& v) { return logged_of(v); });
}

struct encoder {
  const text& id;

  coordinator_record operator()(const streams_group_record& r) const {
    return record_of(key_of<streams_group_metadata_key>(id), r.value);
  }
  coordinator_record operator()(const streams_member_record& r) const {
    return record_of(key_of<streams_group_member_metadata_key>(id, r.member_id), r.value);
  }
  coordinator_record operator()(const target_epoch_record& r) const {
    return record_of(key_of<streams_group_target_assignment_metadata_key>(id), r.value);
  }
  coordinator_record operator()(const streams_target_record& r) const {
    return record_of(key_of<streams_group_target_assignment_member_key>(id, r.member_id), r.value);
  }
  coordinator_record operator()(const streams_current_record& r) const {
    return record_of(key_of<streams_group_current_member_assignment_key>(id, r.member_id), r.value);
  }
  coordinator_record operator()(const streams_topology_record& r) const {
    return record_of(key_of<streams_group_topology_key>(id), r.value);
  }
};

// Declaration to domain.

std::optional<streams_epoch> value_of(const streams_group_metadata_value& v) {
  streams_epoch out{v.epoch, v.metadata_hash, v.validated_topology_epoch, {}};
  if (!v.last_assignment_configs) return out;
  for (const auto& c : *v.last_assignment_configs) out.configs.emplace_back(c.key, c.value);
  return out;
}

std::optional<streams_metadata> value_of(const streams_group_member_metadata_value& v) {
  streams_metadata out;
  out.instance_id = v.instance_id;
  out.rack_id = v.rack_id;
  out.client_id = v.client_id;
  out.client_host = v.client_host;
  out.rebalance_timeout_ms = v.rebalance_timeout_ms;
  out.topology_epoch = v.topology_epoch;
  out.process_id = v.process_id;
  if (v.user_endpoint)
    out.endpoint = streams_endpoint{v.user_endpoint->host, v.user_endpoint->port};
  for (const auto& t : v.client_tags) out.client_tags.emplace_back(t.key, t.value);
  return out;
}

std::optional<target_epoch> value_of(const streams_group_target_assignment_metadata_value& v) {
  return target_epoch{v.assignment_epoch, v.assignment_timestamp};
}

std::optional<task_set> value_of(const streams_group_target_assignment_member_value& v) {
  task_set out;
  add_tasks(v.active_tasks, task_role::active, out);
  add_tasks(v.standby_tasks, task_role::standby, out);
  add_tasks(v.warmup_tasks, task_role::warmup, out);
  return out;
}

// What has no epoch of its own is as old as the member's.
template <typename List>
void add_owned(const List& from, task_role role, std::int32_t member_epoch, owned_tasks& to) {
  for (const auto& t : from) {
    const auto* epochs = t.assignment_epochs ? &*t.assignment_epochs : nullptr;
    if (epochs && epochs->size() != t.partitions.size()) epochs = nullptr;
    for (std::size_t i = 0; i < t.partitions.size(); ++i) {
      to.add({{role, t.subtopology_id}, t.partitions[i]}, epochs ? (*epochs)[i] : member_epoch);
    }
  }
}

// Of a state that this Weir does not know nothing can be made.
std::optional<task_assignment> value_of(const streams_group_current_member_assignment_value& v) {
  const auto state = static_cast<member_state>(static_cast<std::int8_t>(v.state - state_base));
  if (state != member_state::stable && state != member_state::unrevoked_partitions &&
      state != member_state::unreleased_partitions) {
    return std::nullopt;
  }
  task_assignment out;
  out.epoch = v.member_epoch;
  out.previous_epoch = v.previous_member_epoch;
  out.state = state;
  add_owned(v.active_tasks, task_role::active, v.member_epoch, out.assigned);
  add_owned(v.standby_tasks, task_role::standby, v.member_epoch, out.assigned);
  add_owned(v.warmup_tasks, task_role::warmup, v.member_epoch, out.assigned);
  add_owned(v.active_tasks_pending_revocation, task_role::active, v.member_epoch, out.revoking);
  add_owned(v.standby_tasks_pending_revocation, task_role::standby, v.member_epoch, out.revoking);
  add_owned(v.warmup_tasks_pending_revocation, task_role::warmup, v.member_epoch, out.revoking);
  return out;
}

std::optional<streams_topology> value_of(const streams_group_topology_value& v) {
  return topology_from(v);
}

using decoded = std::expected<streams_record_of, codec_error>;

template <typename Key, typename Value, typename WithKey>
decoded record_from(const fragments& key, const std::optional<fragments>& value, WithKey with_key) {
  return decode_record<streams_record_of, Key, Value>(key, value, with_key,
                                                      [](const auto& v) { return value_of(v); });
}

}  // namespace

bool is_streams_record(std::int16_t key_type) {
  switch (key_type) {
    case streams_group_metadata_key::message_key:
    case streams_group_member_metadata_key::message_key:
    case streams_group_target_assignment_metadata_key::message_key:
    case streams_group_target_assignment_member_key::message_key:
    case streams_group_current_member_assignment_key::message_key:
    case streams_group_topology_key::message_key:
      return true;
    default:
      return false;
  }
}

coordinator_record to_bytes(const text& group_id, const streams_record& record) {
  return std::visit(encoder{group_id}, record);
}

decoded streams_record_from(const fragments& key, const std::optional<fragments>& value) {
  switch (kafka::prefix_of(key).value_or(-1)) {
    case streams_group_metadata_key::message_key:
      return record_from<streams_group_metadata_key, streams_group_metadata_value>(
          key, value, [](const auto&) { return streams_group_record(); });
    case streams_group_member_metadata_key::message_key:
      return record_from<streams_group_member_metadata_key, streams_group_member_metadata_value>(
          key, value, [](const auto& k) { return streams_member_record{k.member_id, {}}; });
    case streams_group_target_assignment_metadata_key::message_key:
      return record_from<streams_group_target_assignment_metadata_key,
                         streams_group_target_assignment_metadata_value>(
          key, value, [](const auto&) { return target_epoch_record(); });
    case streams_group_target_assignment_member_key::message_key:
      return record_from<streams_group_target_assignment_member_key,
                         streams_group_target_assignment_member_value>(
          key, value, [](const auto& k) { return streams_target_record{k.member_id, {}}; });
    case streams_group_current_member_assignment_key::message_key:
      return record_from<streams_group_current_member_assignment_key,
                         streams_group_current_member_assignment_value>(
          key, value, [](const auto& k) { return streams_current_record{k.member_id, {}}; });
    case streams_group_topology_key::message_key:
      return record_from<streams_group_topology_key, streams_group_topology_value>(
          key, value, [](const auto&) { return streams_topology_record(); });
    default:
      return std::unexpected(codec_error::bad_version);
  }
}

}  // namespace weir::group
