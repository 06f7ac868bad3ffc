#include "core/group/share_record_bytes.h"

#include "core/codec/coordinator/share_group_current_member_assignment.h"
#include "core/codec/coordinator/share_group_member_metadata.h"
#include "core/codec/coordinator/share_group_metadata.h"
#include "core/codec/coordinator/share_group_state_partition_metadata.h"
#include "core/codec/coordinator/share_group_target_assignment_member.h"
#include "core/codec/coordinator/share_group_target_assignment_metadata.h"
#include "core/group/record_of_group.h"

namespace weir::group {
namespace {

using kafka::codec_error;
using logged::share_group_current_member_assignment_key;
using logged::share_group_current_member_assignment_value;
using logged::share_group_member_metadata_key;
using logged::share_group_member_metadata_value;
using logged::share_group_metadata_key;
using logged::share_group_metadata_value;
using logged::share_group_state_partition_metadata_key;
using logged::share_group_state_partition_metadata_value;
using logged::share_group_target_assignment_member_key;
using logged::share_group_target_assignment_member_value;
using logged::share_group_target_assignment_metadata_key;
using logged::share_group_target_assignment_metadata_value;

using topic_list =
    chunked_vector<share_group_state_partition_metadata_value::topic_with_partitions>;

share_group_metadata_value logged_of(const group_epoch& v) {
  share_group_metadata_value out;
  out.epoch = v.epoch;
  out.metadata_hash = v.metadata_hash;
  return out;
}

share_group_member_metadata_value logged_of(const member_metadata& v) {
  share_group_member_metadata_value out;
  out.rack_id = v.rack_id;
  out.client_id = v.client_id;
  out.client_host = v.client_host;
  out.subscribed_topic_names = {v.topic_names.begin(), v.topic_names.end()};
  return out;
}

share_group_target_assignment_metadata_value logged_of(const target_epoch& v) {
  share_group_target_assignment_metadata_value out;
  out.assignment_epoch = v.epoch;
  out.assignment_timestamp = v.made_at;
  return out;
}

share_group_target_assignment_member_value logged_of(const topic_partitions& v) {
  share_group_target_assignment_member_value out;
  for (const auto& [topic, partitions] : v.topics()) {
    auto& to = out.topic_partitions.emplace_back();
    to.topic_id = topic;
    to.partitions = {partitions.begin(), partitions.end()};
  }
  return out;
}

share_group_current_member_assignment_value logged_of(const current_assignment& v) {
  share_group_current_member_assignment_value out;
  out.member_epoch = v.epoch;
  out.previous_member_epoch = v.previous_epoch;
  out.state = static_cast<std::int8_t>(v.state);
  for (const auto& [topic, epochs] : v.assigned.topics()) {
    auto& to = out.assigned_partitions.emplace_back();
    to.topic_id = topic;
    for (const auto& [partition, epoch] : epochs) to.partitions.push_back(partition);
  }
  return out;
}

void put(const std::map<uuid, share_topic>& from, topic_list& to) {
  for (const auto& [id, topic] : from) {
    auto& t = to.emplace_back();
    t.topic_id = id;
    t.topic_name = topic.name;
    t.partitions = {topic.partitions.begin(), topic.partitions.end()};
  }
}

share_group_state_partition_metadata_value logged_of(const share_partitions& v) {
  share_group_state_partition_metadata_value out;
  put(v.initializing, out.initializing_topics);
  put(v.initialized, out.initialized_topics);
  for (const auto& [id, name] : v.deleting) {
    auto& t = out.deleting_topics.emplace_back();
    t.topic_id = id;
    t.topic_name = name;
  }
  return out;
}

template <typename Key, typename Value>
coordinator_record record_of(const Key& key, const std::optional<Value>& value) {
  return encode_record(key, value, [](const auto& v) { return logged_of(v); });
}

struct encoder {
  const text& id;

  coordinator_record operator()(const group_record& r) const {
    return record_of(key_of<share_group_metadata_key>(id), r.value);
  }
  coordinator_record operator()(const member_record& r) const {
    return record_of(key_of<share_group_member_metadata_key>(id, r.member_id), r.value);
  }
  coordinator_record operator()(const target_epoch_record& r) const {
    return record_of(key_of<share_group_target_assignment_metadata_key>(id), r.value);
  }
  coordinator_record operator()(const target_record& r) const {
    return record_of(key_of<share_group_target_assignment_member_key>(id, r.member_id), r.value);
  }
  coordinator_record operator()(const current_record& r) const {
    return record_of(key_of<share_group_current_member_assignment_key>(id, r.member_id), r.value);
  }
  coordinator_record operator()(const share_partitions_record& r) const {
    return record_of(key_of<share_group_state_partition_metadata_key>(id), r.value);
  }
};

group_epoch value_of(const share_group_metadata_value& v) {
  return {v.epoch, v.metadata_hash};
}

member_metadata value_of(const share_group_member_metadata_value& v) {
  member_metadata out;
  out.rack_id = v.rack_id;
  out.client_id = v.client_id;
  out.client_host = v.client_host;
  out.topic_names = {v.subscribed_topic_names.begin(), v.subscribed_topic_names.end()};
  return out;
}

target_epoch value_of(const share_group_target_assignment_metadata_value& v) {
  return {v.assignment_epoch, v.assignment_timestamp};
}

topic_partitions value_of(const share_group_target_assignment_member_value& v) {
  topic_partitions out;
  for (const auto& t : v.topic_partitions) out.add(t.topic_id, t.partitions);
  return out;
}

// Members give nothing up in steps: their state is always the same.
current_assignment value_of(const share_group_current_member_assignment_value& v) {
  current_assignment out;
  out.epoch = v.member_epoch;
  out.previous_epoch = v.previous_member_epoch;
  for (const auto& t : v.assigned_partitions) {
    for (const auto p : t.partitions) out.assigned.add({t.topic_id, p}, v.member_epoch);
  }
  return out;
}

std::map<uuid, share_topic> topics_from(const topic_list& from) {
  std::map<uuid, topic_partitions> partitions;
  std::map<uuid, share_topic> out;
  for (const auto& t : from) {
    auto& list = partitions[t.topic_id];
    list.add(t.topic_id, t.partitions);
    const auto at = list.topics().find(t.topic_id);
    out[t.topic_id] = {t.topic_name,
                       at == list.topics().end() ? topic_partitions::partition_list() : at->second};
  }
  return out;
}

share_partitions value_of(const share_group_state_partition_metadata_value& v) {
  share_partitions out{topics_from(v.initializing_topics), topics_from(v.initialized_topics), {}};
  for (const auto& t : v.deleting_topics) out.deleting.insert_or_assign(t.topic_id, t.topic_name);
  return out;
}

using decoded = std::expected<share_record_of, codec_error>;

template <typename Key, typename Value, typename WithKey>
decoded record_from(const fragments& key, const std::optional<fragments>& value, WithKey with_key) {
  return decode_record<share_record_of, Key, Value>(key, value, with_key,
                                                    [](const auto& v) { return value_of(v); });
}

}  // namespace

bool is_share_record(std::int16_t key_type) {
  return key_type >= share_group_member_metadata_key::message_key &&
         key_type <= share_group_state_partition_metadata_key::message_key;
}

coordinator_record to_bytes(const text& group_id, const share_record& record) {
  return std::visit(encoder{group_id}, record);
}

decoded share_record_from(const fragments& key, const std::optional<fragments>& value) {
  switch (kafka::prefix_of(key).value_or(-1)) {
    case share_group_member_metadata_key::message_key:
      return record_from<share_group_member_metadata_key, share_group_member_metadata_value>(
          key, value, [](const auto& k) { return member_record{k.member_id, {}}; });
    case share_group_metadata_key::message_key:
      return record_from<share_group_metadata_key, share_group_metadata_value>(
          key, value, [](const auto&) { return group_record(); });
    case share_group_target_assignment_metadata_key::message_key:
      return record_from<share_group_target_assignment_metadata_key,
                         share_group_target_assignment_metadata_value>(
          key, value, [](const auto&) { return target_epoch_record(); });
    case share_group_target_assignment_member_key::message_key:
      return record_from<share_group_target_assignment_member_key,
                         share_group_target_assignment_member_value>(
          key, value, [](const auto& k) { return target_record{k.member_id, {}}; });
    case share_group_current_member_assignment_key::message_key:
      return record_from<share_group_current_member_assignment_key,
                         share_group_current_member_assignment_value>(
          key, value, [](const auto& k) { return current_record{k.member_id, {}}; });
    case share_group_state_partition_metadata_key::message_key:
      return record_from<share_group_state_partition_metadata_key,
                         share_group_state_partition_metadata_value>(
          key, value, [](const auto&) { return share_partitions_record(); });
    default:
      return std::unexpected(codec_error::bad_version);
  }
}

}  // namespace weir::group
