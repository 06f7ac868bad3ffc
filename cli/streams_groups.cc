#include "cli/streams_groups.h"

#include <algorithm>
#include <ranges>
#include <set>

#include "core/codec/streams_group_describe.h"

namespace weir::cli {

namespace {

using response = kafka::streams_group_describe_response;
using partition_counts = std::map<std::string, std::int32_t>;

template <typename Tasks>
std::vector<stream_task> read_tasks(const Tasks& from) {
  std::vector<stream_task> out;
  for (const auto& of : from) {
    for (const auto p : of.partitions)
      out.push_back({.subtopology = of.subtopology_id.str(), .partition = p});
  }
  std::ranges::sort(out);
  return out;
}

subtopology read_subtopology(const response::subtopology& from) {
  subtopology out{
      .id = from.subtopology_id.str(), .reads = {}, .repartitions_to = {}, .changelogs = {}};
  for (const auto& name : from.source_topics) out.reads.push_back(name.str());
  for (const auto& topic : from.repartition_source_topics) out.reads.push_back(topic.name.str());
  for (const auto& name : from.repartition_sink_topics) out.repartitions_to.push_back(name.str());
  for (const auto& topic : from.state_changelog_topics) out.changelogs.push_back(topic.name.str());
  for (auto* names : {&out.reads, &out.repartitions_to, &out.changelogs}) std::ranges::sort(*names);
  return out;
}

group_member read_member(const response::member& from) {
  return {.id = from.member_id.str(),
          .instance = from.instance_id ? from.instance_id->str() : "",
          .client = from.client_id.str(),
          .host = from.client_host.str(),
          .assigned = {},
          .streams =
              streams_member{.process = from.process_id.str(),
                             .epoch = from.member_epoch,
                             .active = read_tasks(from.assignment.active_tasks),
                             .standby = read_tasks(from.assignment.standby_tasks),
                             .target_active = read_tasks(from.target_assignment.active_tasks),
                             .target_standby = read_tasks(from.target_assignment.standby_tasks)}};
}

group_state read_group(const response::group& from, std::int32_t coordinator) {
  streams_state about{.epoch = from.group_epoch,
                      .assignment_epoch = from.assignment_epoch,
                      .topology_epoch = -1,
                      .subtopologies = {}};
  if (from.topology) {
    about.topology_epoch = from.topology->epoch;
    if (from.topology->subtopologies) {
      for (const auto& s : *from.topology->subtopologies)
        about.subtopologies.push_back(read_subtopology(s));
    }
  }
  std::ranges::sort(about.subtopologies, {}, &subtopology::id);
  group_state out{.name = from.group_id.str(),
                  .state = from.group_state.str(),
                  .type = streams_type,
                  .assignor = {},
                  .coordinator = coordinator,
                  .members = {},
                  .streams = std::move(about)};
  for (const auto& m : from.members) out.members.push_back(read_member(m));
  std::ranges::sort(out.members, {}, &group_member::id);
  return out;
}

// Those that there are.
partition_counts count_partitions(client& c, const std::vector<subtopology>& parts) {
  std::set<std::string> names;
  for (const auto& part : parts) names.insert(part.reads.begin(), part.reads.end());
  partition_counts out;
  for (const auto& topic : describe_listed(c, {names.begin(), names.end()}))
    out[topic.name] = static_cast<std::int32_t>(topic.partitions.size());
  return out;
}

// A task reads the partition of its number of every topic that has so many.
void read_of_tasks(group_state& g, const partition_counts& counts) {
  std::map<std::string, const subtopology*> parts;
  for (const auto& part : g.streams->subtopologies) parts[part.id] = &part;
  for (auto& m : g.members) {
    for (const auto& task : m.streams->active) {
      const auto part = parts.find(task.subtopology);
      if (part == parts.end()) continue;
      for (const auto& name : part->second->reads) {
        const auto found = counts.find(name);
        if (found != counts.end() && task.partition < found->second)
          m.assigned.emplace_back(name, task.partition);
      }
    }
    std::ranges::sort(m.assigned);
  }
}

}  // namespace

streams_groups::streams_groups(client& c)
    : typed_groups(c, streams_type, kafka::streams_group_describe_request::message_key) {}

std::map<std::string, group_state> streams_groups::describe(const std::vector<std::string>& names) {
  if (!served()) return {};
  std::map<std::string, group_state> out;
  for (const auto& name : names) {
    kafka::streams_group_describe_request asked;
    asked.group_ids.push_back(text(name));
    const auto told = calls().ask_coordinator<response>(name, asked, error_of_one<response>);
    if (!told || told->groups.empty()) continue;
    const auto& g = told->groups.front();
    if (is_elsewhere(g.error)) continue;
    if (g.error != kafka::error_code::none) throw refused(name, g.error, g.error_message);
    auto& read = out.emplace(name, read_group(g, calls().last_coordinator())).first->second;
    read_of_tasks(read, count_partitions(asking(), read.streams->subtopologies));
  }
  return out;
}

}  // namespace weir::cli
