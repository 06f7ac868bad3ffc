#include "cli/admin.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <set>
#include <thread>

namespace weir::cli {

namespace {

// How long partitions may be on their way to another leader.
constexpr std::chrono::milliseconds moving_max{5000};
constexpr std::chrono::milliseconds moving_pause{100};

std::vector<std::int32_t> node_ids(const rd_kafka_Node_t** nodes, std::size_t count) {
  std::vector<std::int32_t> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (nodes[i] != nullptr) out.push_back(rd_kafka_Node_id(nodes[i]));
  }
  return out;
}

topic_state read_topic(const rd_kafka_TopicDescription_t* description) {
  topic_state out;
  out.name = rd_kafka_TopicDescription_name(description);
  out.internal = rd_kafka_TopicDescription_is_internal(description) != 0;
  if (const auto* id = rd_kafka_TopicDescription_topic_id(description); id != nullptr) {
    out.id = rd_kafka_Uuid_base64str(id);
  }
  std::size_t count = 0;
  const auto* partitions = rd_kafka_TopicDescription_partitions(description, &count);
  for (std::size_t i = 0; i < count; ++i) {
    partition_state one;
    one.id = rd_kafka_TopicPartitionInfo_partition(partitions[i]);
    const auto* leader = rd_kafka_TopicPartitionInfo_leader(partitions[i]);
    if (leader != nullptr) one.leader = rd_kafka_Node_id(leader);
    std::size_t nodes = 0;
    auto** replicas = rd_kafka_TopicPartitionInfo_replicas(partitions[i], &nodes);
    one.replicas = node_ids(replicas, nodes);
    auto** in_sync = rd_kafka_TopicPartitionInfo_isr(partitions[i], &nodes);
    one.in_sync = node_ids(in_sync, nodes);
    out.partitions.push_back(std::move(one));
  }
  std::ranges::sort(out.partitions, {}, &partition_state::id);
  return out;
}

const char* source_name(rd_kafka_ConfigSource_t source) {
  switch (source) {
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG:
      return "topic";
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG:
      return "broker";
    case RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG:
      return "cluster";
    case RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG:
      return "static";
    case RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG:
      return "default";
    default:
      return "unknown";
  }
}

}  // namespace

std::size_t topic_state::replication() const {
  return partitions.empty() ? 0 : partitions.front().replicas.size();
}

std::size_t topic_state::without_leader() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(partitions, [](const auto& p) { return p.leader < 0; }));
}

std::size_t topic_state::under_replicated() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      partitions, [](const auto& p) { return p.in_sync.size() < p.replicas.size(); }));
}

std::vector<std::string> topic_names(client& c) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto wait = static_cast<int>(c.options().timeout().count());
  const auto code = rd_kafka_metadata(c.raw(), 1, nullptr, &metadata, wait);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    c.poll(std::chrono::milliseconds(0));
    throw c.unreachable();
  }
  std::vector<std::string> out;
  out.reserve(static_cast<std::size_t>(metadata->topic_cnt));
  for (int i = 0; i < metadata->topic_cnt; ++i) out.emplace_back(metadata->topics[i].topic);
  rd_kafka_metadata_destroy(metadata);
  std::ranges::sort(out);
  return out;
}

namespace {

// `names` that do not exist are left out; throws the failure of any that can't be described.
std::map<std::string, topic_state> describe_existing(client& c,
                                                     const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::vector<const char*> texts;
  texts.reserve(names.size());
  for (const auto& name : names) texts.push_back(name.c_str());
  using collection = owned<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;
  const collection topics(rd_kafka_TopicCollection_of_topic_names(texts.data(), texts.size()));
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, "describe topics",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_DescribeTopics(handle, topics.get(), options, queue);
                           });
  std::size_t count = 0;
  const auto** found = rd_kafka_DescribeTopics_result_topics(
      rd_kafka_event_DescribeTopics_result(event.get()), &count);
  std::map<std::string, topic_state> by_name;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_TopicDescription_name(found[i]);
    const auto* error = rd_kafka_TopicDescription_error(found[i]);
    const auto code = rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) continue;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      throw failure(explain_topic(name, code, rd_kafka_error_string(error)));
    }
    by_name.emplace(name, read_topic(found[i]));
  }
  return by_name;
}

}  // namespace

std::vector<topic_state> describe_topics(client& c, const std::vector<std::string>& names) {
  const auto by_name = describe_existing(c, names);
  std::vector<topic_state> out;
  for (const auto& name : names) {
    const auto it = by_name.find(name);
    if (it == by_name.end()) {
      throw failure(explain_topic(name, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, nullptr));
    }
    out.push_back(it->second);
  }
  return out;
}

std::vector<topic_state> describe_listed(client& c, const std::vector<std::string>& names) {
  std::vector<topic_state> out;
  for (auto& [name, topic] : describe_existing(c, names)) out.push_back(std::move(topic));
  return out;
}

topic_state describe_topic(client& c, const std::string& name) {
  return describe_topics(c, {name}).front();
}

namespace {

// Another broker leads by now, or will in a moment.
bool passes(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_NOT_LEADER_OR_FOLLOWER ||
         error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         error == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH ||
         error == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
}

std::map<topic_partition, offset_answer> list_offsets_once(client& c,
                                                           const std::vector<topic_partition>& of,
                                                           std::int64_t spec, bool committed) {
  const partition_list_ptr list(rd_kafka_topic_partition_list_new(static_cast<int>(of.size())));
  for (const auto& [topic, partition] : of) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = spec;
  }
  const auto level = committed ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                               : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED;
  const auto event = c.ask(
      RD_KAFKA_ADMIN_OP_LISTOFFSETS, "list offsets",
      [&](auto* handle, auto* options, auto* queue) {
        rd_kafka_ListOffsets(handle, list.get(), options, queue);
      },
      [&](auto* options) {
        const error_ptr ignored(rd_kafka_AdminOptions_set_isolation_level(options, level));
      });
  std::size_t count = 0;
  const auto** infos =
      rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
  std::map<topic_partition, offset_answer> out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* at = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    out[{at->topic, at->partition}] = {at->offset, rd_kafka_topic_partition_get_leader_epoch(at),
                                       at->err};
  }
  return out;
}

}  // namespace

std::map<topic_partition, offset_answer> list_offsets(client& c,
                                                      const std::vector<topic_partition>& of,
                                                      std::int64_t spec, bool committed) {
  std::map<topic_partition, offset_answer> out;
  const auto until = std::chrono::steady_clock::now() + std::min(c.options().timeout(), moving_max);
  auto left = of;
  while (!left.empty()) {
    for (const auto& [at, answer] : list_offsets_once(c, left, spec, committed))
      out.insert_or_assign(at, answer);
    std::erase_if(left, [&](const auto& at) { return !passes(out[at].error); });
    if (left.empty() || std::chrono::steady_clock::now() + moving_pause >= until) break;
    std::this_thread::sleep_for(moving_pause);
    std::set<std::string> topics;
    for (const auto& [topic, partition] : left) topics.insert(topic);
    (void)describe_listed(c, {topics.begin(), topics.end()});  // librdkafka hears who leads now
  }
  return out;
}

std::vector<config_state> describe_configs(client& c, const std::string& topic) {
  using resource_ptr = owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
  const resource_ptr resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* asked = resource.get();
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe configs",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_DescribeConfigs(handle, &asked, 1, options, queue);
                           });
  std::size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::vector<config_state> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_ConfigResource_error(resources[i])) {
      throw failure(explain_topic(topic, code, rd_kafka_ConfigResource_error_string(resources[i])));
    }
    std::size_t entries = 0;
    const auto** entry = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (std::size_t j = 0; j < entries; ++j) {
      const auto source = rd_kafka_ConfigEntry_source(entry[j]);
      const char* value = rd_kafka_ConfigEntry_value(entry[j]);
      out.push_back({rd_kafka_ConfigEntry_name(entry[j]), value == nullptr ? "" : value,
                     source_name(source), source == RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG,
                     rd_kafka_ConfigEntry_is_sensitive(entry[j]) != 0,
                     rd_kafka_ConfigEntry_is_read_only(entry[j]) != 0});
    }
  }
  std::ranges::sort(out, {}, &config_state::name);
  return out;
}

}  // namespace weir::cli
