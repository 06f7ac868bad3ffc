#include "cli/share_groups.h"

#include <algorithm>
#include <format>

#include "core/codec/alter_share_group_offsets.h"
#include "core/codec/describe_share_group_offsets.h"
#include "core/codec/share_group_describe.h"

namespace weir::cli {

namespace {

using kafka::error_code;
using described_group = kafka::share_group_describe_response::group;
using described_offsets = kafka::describe_share_group_offsets_response;

group_member read_member(const kafka::share_group_describe_response::member& from) {
  group_member out{.id = from.member_id.str(),
                   .instance = {},
                   .client = from.client_id.str(),
                   .host = from.client_host.str(),
                   .assigned = {}};
  for (const auto& topic : from.assignment.topic_partitions) {
    for (const auto p : topic.partitions) out.assigned.emplace_back(topic.topic_name.str(), p);
  }
  std::ranges::sort(out.assigned);
  return out;
}

group_state read_group(const described_group& from, std::int32_t coordinator) {
  group_state out{.name = from.group_id.str(),
                  .state = from.group_state.str(),
                  .type = share_type,
                  .assignor = from.assignor_name.str(),
                  .coordinator = coordinator,
                  .members = {}};
  for (const auto& m : from.members) out.members.push_back(read_member(m));
  std::ranges::sort(out.members, {}, &group_member::id);
  return out;
}

void read_topic(const described_offsets::topic& topic, const std::string& group,
                share_places& out) {
  for (const auto& p : topic.partitions) {
    if (p.error != error_code::none) {
      throw refused(std::format("{}, {}-{}", group, topic.topic_name.view(), p.partition_index),
                    p.error, p.error_message);
    }
    out[{topic.topic_name.str(), p.partition_index}] = {.start = p.start_offset, .lag = p.lag};
  }
}

}  // namespace

share_groups::share_groups(client& c)
    : typed_groups(c, share_type, kafka::share_group_describe_request::message_key) {}

std::map<std::string, group_state> share_groups::describe(const std::vector<std::string>& names) {
  if (!served()) return {};
  using response = kafka::share_group_describe_response;
  std::map<std::string, group_state> out;
  for (const auto& name : names) {
    kafka::share_group_describe_request asked;
    asked.group_ids.push_back(text(name));
    const auto told = calls().ask_coordinator<response>(name, asked, error_of_one<response>);
    if (!told || told->groups.empty()) continue;
    const auto& g = told->groups.front();
    if (is_elsewhere(g.error)) continue;
    if (g.error != error_code::none) throw refused(name, g.error, g.error_message);
    out.emplace(name, read_group(g, calls().last_coordinator()));
  }
  return out;
}

share_places share_groups::places(const std::string& group) {
  kafka::describe_share_group_offsets_request asked;
  auto& one = asked.groups.emplace_back();
  one.group_id = text(group);
  one.topics.reset();  // all
  const auto told =
      calls().ask_coordinator<described_offsets>(group, asked, error_of_one<described_offsets>);
  share_places out;
  if (!told || told->groups.empty()) return out;
  const auto& g = told->groups.front();
  if (g.error != error_code::none) throw refused(group, g.error, g.error_message);
  for (const auto& topic : g.topics) read_topic(topic, group, out);
  return out;
}

void share_groups::alter(const std::string& group,
                         const std::map<topic_partition, std::int64_t>& to) {
  using response = kafka::alter_share_group_offsets_response;
  kafka::alter_share_group_offsets_request asked;
  asked.group_id = text(group);
  for (const auto& [at, start] : to) {
    if (asked.topics.empty() || asked.topics.back().topic_name.view() != at.first)
      asked.topics.emplace_back().topic_name = text(at.first);
    auto& p = asked.topics.back().partitions.emplace_back();
    p.partition_index = at.second;
    p.start_offset = start;
  }
  const auto told =
      calls().ask_coordinator<response>(group, asked, [](const response& r) { return r.error; });
  if (!told) throw failure(std::format("group {}: its coordinator can't change it", group));
  if (told->error != error_code::none) throw refused(group, told->error, told->error_message);
  for (const auto& topic : told->responses) {
    for (const auto& p : topic.partitions) {
      if (p.error == error_code::none) continue;
      throw refused(std::format("{}, {}-{}", group, topic.topic_name.view(), p.partition_index),
                    p.error, p.error_message);
    }
  }
}

}  // namespace weir::cli
