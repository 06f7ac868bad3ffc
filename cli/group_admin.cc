#include "cli/group_admin.h"

#include <algorithm>
#include <cctype>
#include <format>

namespace weir::cli {

namespace {

std::string or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

group_member read_member(const rd_kafka_MemberDescription_t* from) {
  group_member out{.id = or_empty(rd_kafka_MemberDescription_consumer_id(from)),
                   .instance = or_empty(rd_kafka_MemberDescription_group_instance_id(from)),
                   .client = or_empty(rd_kafka_MemberDescription_client_id(from)),
                   .host = or_empty(rd_kafka_MemberDescription_host(from)),
                   .assigned = {}};
  const auto* assignment = rd_kafka_MemberDescription_assignment(from);
  const auto* list =
      assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
  for (int i = 0; list != nullptr && i < list->cnt; ++i)
    out.assigned.emplace_back(list->elems[i].topic, list->elems[i].partition);
  std::ranges::sort(out.assigned);
  return out;
}

group_state read_group(const rd_kafka_ConsumerGroupDescription_t* from) {
  group_state out;
  out.name = rd_kafka_ConsumerGroupDescription_group_id(from);
  out.state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(from));
  out.assignor = or_empty(rd_kafka_ConsumerGroupDescription_partition_assignor(from));
  if (const auto* node = rd_kafka_ConsumerGroupDescription_coordinator(from); node != nullptr)
    out.coordinator = rd_kafka_Node_id(node);
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(from); ++i)
    out.members.push_back(read_member(rd_kafka_ConsumerGroupDescription_member(from, i)));
  std::ranges::sort(out.members, {}, &group_member::id);
  return out;
}

// Throws where the group, or one of its partitions, failed.
const rd_kafka_topic_partition_list_t* partitions_of(const rd_kafka_group_result_t* result,
                                                     const std::string& group) {
  if (const auto* error = rd_kafka_group_result_error(result); error != nullptr)
    throw failure(explain_group(group, rd_kafka_error_code(error), rd_kafka_error_string(error)));
  const auto* list = rd_kafka_group_result_partitions(result);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const auto& p = list->elems[i];
    if (p.err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
      throw failure(explain_group(group, p.err, nullptr));
    if (p.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw failure(
          std::format("group {}, {}-{}: {}", group, p.topic, p.partition, rd_kafka_err2str(p.err)));
  }
  return list;
}

}  // namespace

std::string explain_group(const std::string& group, rd_kafka_resp_err_t code, const char* text) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
      return std::format("group {} does not exist; see: weir group list", group);
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
      return std::format("group {} has members; stop its consumers first", group);
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      return std::format(
          "group {} has members, so its offsets are theirs; stop its consumers first", group);
    default:
      return std::format("group {}: {}", group,
                         text == nullptr || *text == '\0' ? rd_kafka_err2str(code) : text);
  }
}

std::vector<group_entry> list_groups(client& c) {
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, "list groups",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_ListConsumerGroups(handle, options, queue);
                           });
  const auto* result = rd_kafka_event_ListConsumerGroups_result(event.get());
  std::size_t count = 0;
  if (const auto** errors = rd_kafka_ListConsumerGroups_result_errors(result, &count); count > 0)
    throw failure(std::format("list groups: {}", rd_kafka_error_string(errors[0])));
  const auto** found = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  std::vector<group_entry> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(
        {.name = rd_kafka_ConsumerGroupListing_group_id(found[i]),
         .state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(found[i])),
         .type = lower(
             rd_kafka_consumer_group_type_name(rd_kafka_ConsumerGroupListing_type(found[i])))});
  }
  std::ranges::sort(out, {}, &group_entry::name);
  return out;
}

std::vector<group_state> describe_groups(client& c, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::vector<const char*> texts;
  texts.reserve(names.size());
  for (const auto& name : names) texts.push_back(name.c_str());
  const auto event =
      c.ask(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, "describe groups",
            [&](auto* handle, auto* options, auto* queue) {
              rd_kafka_DescribeConsumerGroups(handle, texts.data(), texts.size(), options, queue);
            });
  std::size_t count = 0;
  const auto** found = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  std::map<std::string, group_state> by_name;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_ConsumerGroupDescription_group_id(found[i]);
    const auto* error = rd_kafka_ConsumerGroupDescription_error(found[i]);
    if (error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw failure(explain_group(name, rd_kafka_error_code(error), rd_kafka_error_string(error)));
    by_name.emplace(name, read_group(found[i]));
  }
  std::vector<group_state> out;
  out.reserve(names.size());
  for (const auto& name : names) out.push_back(by_name[name]);
  return out;
}

committed_offsets group_offsets(client& c, const std::string& group) {
  using asked_offsets =
      owned<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;
  const asked_offsets asked(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
  auto* raw = asked.get();
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, "read committed offsets",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_ListConsumerGroupOffsets(handle, &raw, 1, options, queue);
                           });
  std::size_t count = 0;
  const auto** results = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  committed_offsets out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* list = partitions_of(results[i], group);
    for (int n = 0; list != nullptr && n < list->cnt; ++n) {
      const auto& p = list->elems[n];
      if (p.offset < 0) continue;
      const auto* metadata = static_cast<const char*>(p.metadata);
      out[{p.topic, p.partition}] = {
          p.offset, metadata == nullptr ? "" : std::string(metadata, p.metadata_size)};
    }
  }
  return out;
}

void alter_group_offsets(client& c, const std::string& group,
                         const std::map<topic_partition, std::int64_t>& to) {
  const partition_list_ptr list(rd_kafka_topic_partition_list_new(static_cast<int>(to.size())));
  for (const auto& [at, offset] : to)
    rd_kafka_topic_partition_list_add(list.get(), at.first.c_str(), at.second)->offset = offset;
  using wanted_offsets =
      owned<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy>;
  const wanted_offsets wanted(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
  auto* raw = wanted.get();
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, "set committed offsets",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_AlterConsumerGroupOffsets(handle, &raw, 1, options, queue);
                           });
  std::size_t count = 0;
  const auto** results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) partitions_of(results[i], group);
}

}  // namespace weir::cli
