#include "core/group/consumer_record_bytes.h"

#include "core/base/check.h"
#include "core/codec/coordinator/consumer_group_current_member_assignment.h"
#include "core/codec/coordinator/consumer_group_member_metadata.h"
#include "core/codec/coordinator/consumer_group_metadata.h"
#include "core/codec/coordinator/consumer_group_partition_metadata.h"
#include "core/codec/coordinator/consumer_group_regular_expression.h"
#include "core/codec/coordinator/consumer_group_target_assignment_member.h"
#include "core/codec/coordinator/consumer_group_target_assignment_metadata.h"
#include "core/group/record_of_group.h"

namespace weir::group {
namespace {

using kafka::codec_error;
using kafka::decode_prefixed;
using kafka::encode_prefixed;
using logged::consumer_group_current_member_assignment_key;
using logged::consumer_group_current_member_assignment_value;
using logged::consumer_group_member_metadata_key;
using logged::consumer_group_member_metadata_value;
using logged::consumer_group_metadata_key;
using logged::consumer_group_metadata_value;
using logged::consumer_group_partition_metadata_key;
using logged::consumer_group_regular_expression_key;
using logged::consumer_group_regular_expression_value;
using logged::consumer_group_target_assignment_member_key;
using logged::consumer_group_target_assignment_member_value;
using logged::consumer_group_target_assignment_metadata_key;
using logged::consumer_group_target_assignment_metadata_value;

using owned_topics = chunked_vector<consumer_group_current_member_assignment_value::owned_topic>;

// Domain to declaration.

consumer_group_metadata_value logged_of(const group_epoch& v) {
  consumer_group_metadata_value out;
  out.epoch = v.epoch;
  out.metadata_hash = v.metadata_hash;
  return out;
}

consumer_group_target_assignment_metadata_value logged_of(const target_epoch& v) {
  consumer_group_target_assignment_metadata_value out;
  out.assignment_epoch = v.epoch;
  out.assignment_timestamp = v.made_at;
  return out;
}

consumer_group_member_metadata_value logged_of(const member_metadata& v) {
  consumer_group_member_metadata_value out;
  out.instance_id = v.instance_id;
  out.rack_id = v.rack_id;
  out.client_id = v.client_id;
  out.client_host = v.client_host;
  for (const auto& name : v.topic_names) out.subscribed_topic_names.push_back(name);
  if (!v.topic_regex.empty()) out.subscribed_topic_regex = v.topic_regex;
  out.rebalance_timeout_ms = v.rebalance_timeout_ms;
  out.server_assignor = v.server_assignor;
  if (!v.classic) return out;
  consumer_group_member_metadata_value::classic_member classic;
  classic.session_timeout_ms = v.classic->session_timeout_ms;
  for (const auto& p : v.classic->protocols) {
    auto& to = classic.supported_protocols.emplace_back();
    to.name = p.name;
    to.metadata = p.metadata;
  }
  out.classic_member_metadata = std::move(classic);
  return out;
}

consumer_group_target_assignment_member_value logged_of(const topic_partitions& v) {
  consumer_group_target_assignment_member_value out;
  for (const auto& [topic, partitions] : v.topics()) {
    auto& to = out.topic_partitions.emplace_back();
    to.topic_id = topic;
    to.partitions = {partitions.begin(), partitions.end()};
  }
  return out;
}

void put(const owned_partitions& from, owned_topics& to) {
  for (const auto& [topic, epochs] : from.topics()) {
    auto& t = to.emplace_back();
    t.topic_id = topic;
    auto& each = t.assignment_epochs.emplace();
    for (const auto& [partition, epoch] : epochs) {
      t.partitions.push_back(partition);
      each.push_back(epoch);
    }
  }
}

consumer_group_current_member_assignment_value logged_of(const current_assignment& v) {
  consumer_group_current_member_assignment_value out;
  out.member_epoch = v.epoch;
  out.previous_member_epoch = v.previous_epoch;
  out.state = static_cast<std::int8_t>(v.state);
  put(v.assigned, out.assigned_partitions);
  put(v.revoking, out.partitions_pending_revocation);
  return out;
}

consumer_group_regular_expression_value logged_of(const resolved_regex& v) {
  consumer_group_regular_expression_value out;
  for (const auto& topic : v.topics) out.topics.push_back(topic);
  out.version = v.version;
  out.timestamp = v.resolved_at;
  return out;
}

template <typename Key, typename Value>
coordinator_record record_of(const Key& key, const std::optional<Value>& value) {
  return encode_record(key, value, [](const auto& v) { return logged_of(v); });
}

struct encoder {
  const text& group_id;

  coordinator_record operator()(const group_record& r) const {
    return record_of(key_of<consumer_group_metadata_key>(group_id), r.value);
  }
  coordinator_record operator()(const member_record& r) const {
    return record_of(key_of<consumer_group_member_metadata_key>(group_id, r.member_id), r.value);
  }
  coordinator_record operator()(const target_epoch_record& r) const {
    return record_of(key_of<consumer_group_target_assignment_metadata_key>(group_id), r.value);
  }
  coordinator_record operator()(const target_record& r) const {
    return record_of(key_of<consumer_group_target_assignment_member_key>(group_id, r.member_id),
                     r.value);
  }
  coordinator_record operator()(const current_record& r) const {
    return record_of(key_of<consumer_group_current_member_assignment_key>(group_id, r.member_id),
                     r.value);
  }
  coordinator_record operator()(const regex_record& r) const {
    auto key = key_of<consumer_group_regular_expression_key>(group_id);
    key.regular_expression = r.regex;
    return record_of(key, r.value);
  }
};

// Declaration to domain.

std::optional<group_epoch> value_of(const consumer_group_metadata_value& v) {
  return group_epoch{v.epoch, v.metadata_hash};
}

std::optional<target_epoch> value_of(const consumer_group_target_assignment_metadata_value& v) {
  return target_epoch{v.assignment_epoch, v.assignment_timestamp};
}

std::optional<member_metadata> value_of(const consumer_group_member_metadata_value& v) {
  member_metadata out;
  out.instance_id = v.instance_id;
  out.rack_id = v.rack_id;
  out.client_id = v.client_id;
  out.client_host = v.client_host;
  out.topic_names = {v.subscribed_topic_names.begin(), v.subscribed_topic_names.end()};
  out.topic_regex = v.subscribed_topic_regex.value_or(text());
  out.rebalance_timeout_ms = v.rebalance_timeout_ms;
  out.server_assignor = v.server_assignor;
  if (!v.classic_member_metadata) return out;
  auto& classic = out.classic.emplace();
  classic.session_timeout_ms = v.classic_member_metadata->session_timeout_ms;
  for (const auto& p : v.classic_member_metadata->supported_protocols) {
    classic.protocols.push_back({p.name, p.metadata});
  }
  return out;
}

std::optional<topic_partitions> value_of(const consumer_group_target_assignment_member_value& v) {
  topic_partitions out;
  for (const auto& t : v.topic_partitions) out.add(t.topic_id, t.partitions);
  return out;
}

// Before Kafka 4.3 a partition has no epoch of its own: the member's stands for it.
owned_partitions owned_of(const owned_topics& from, std::int32_t member_epoch) {
  owned_partitions out;
  for (const auto& t : from) {
    const auto* epochs = t.assignment_epochs ? &*t.assignment_epochs : nullptr;
    if (epochs && epochs->size() != t.partitions.size()) epochs = nullptr;
    for (std::size_t i = 0; i < t.partitions.size(); ++i) {
      out.add({t.topic_id, t.partitions[i]}, epochs ? (*epochs)[i] : member_epoch);
    }
  }
  return out;
}

// Of a state that this Weir does not know nothing can be made.
std::optional<current_assignment> value_of(
    const consumer_group_current_member_assignment_value& v) {
  const auto state = static_cast<member_state>(v.state);
  if (state != member_state::stable && state != member_state::unrevoked_partitions &&
      state != member_state::unreleased_partitions) {
    return std::nullopt;
  }
  return current_assignment{v.member_epoch, v.previous_member_epoch, state,
                            owned_of(v.assigned_partitions, v.member_epoch),
                            owned_of(v.partitions_pending_revocation, v.member_epoch)};
}

std::optional<resolved_regex> value_of(const consumer_group_regular_expression_value& v) {
  return resolved_regex{{v.topics.begin(), v.topics.end()}, v.version, v.timestamp};
}

using decoded = std::expected<std::optional<consumer_record_of>, codec_error>;

template <typename Key, typename Value, typename WithKey>
decoded record_from(const fragments& key, const std::optional<fragments>& value, WithKey with_key) {
  return decode_record<consumer_record_of, Key, Value>(key, value, with_key,
                                                       [](const auto& v) { return value_of(v); });
}

}  // namespace

bool is_consumer_record(std::int16_t key_type) {
  switch (key_type) {
    case consumer_group_metadata_key::message_key:
    case consumer_group_partition_metadata_key::message_key:
    case consumer_group_member_metadata_key::message_key:
    case consumer_group_target_assignment_metadata_key::message_key:
    case consumer_group_target_assignment_member_key::message_key:
    case consumer_group_current_member_assignment_key::message_key:
    case consumer_group_regular_expression_key::message_key:
      return true;
    default:
      return false;
  }
}

coordinator_record to_bytes(const text& group_id, const consumer_record& record) {
  return std::visit(encoder{group_id}, record);
}

decoded consumer_record_from(const fragments& key, const std::optional<fragments>& value) {
  switch (kafka::prefix_of(key).value_or(-1)) {
    case consumer_group_metadata_key::message_key:
      return record_from<consumer_group_metadata_key, consumer_group_metadata_value>(
          key, value, [](const auto&) { return group_record(); });
    case consumer_group_partition_metadata_key::message_key:
      return std::nullopt;  // of Kafka before 4.1: the hash in the group's own record replaced it
    case consumer_group_member_metadata_key::message_key:
      return record_from<consumer_group_member_metadata_key, consumer_group_member_metadata_value>(
          key, value, [](const auto& k) { return member_record{k.member_id, {}}; });
    case consumer_group_target_assignment_metadata_key::message_key:
      return record_from<consumer_group_target_assignment_metadata_key,
                         consumer_group_target_assignment_metadata_value>(
          key, value, [](const auto&) { return target_epoch_record(); });
    case consumer_group_target_assignment_member_key::message_key:
      return record_from<consumer_group_target_assignment_member_key,
                         consumer_group_target_assignment_member_value>(
          key, value, [](const auto& k) { return target_record{k.member_id, {}}; });
    case consumer_group_current_member_assignment_key::message_key:
      return record_from<consumer_group_current_member_assignment_key,
                         consumer_group_current_member_assignment_value>(
          key, value, [](const auto& k) { return current_record{k.member_id, {}}; });
    case consumer_group_regular_expression_key::message_key:
      return record_from<consumer_group_regular_expression_key,
                         consumer_group_regular_expression_value>(
          key, value, [](const auto& k) { return regex_record{k.regular_expression, {}}; });
    default:
      return std::unexpected(codec_error::bad_version);
  }
}

}  // namespace weir::group
