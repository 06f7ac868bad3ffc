#include "cli/streams_view.h"

#include <format>

namespace weir::cli {

namespace {

json tasks_json(const std::vector<stream_task>& tasks) {
  json out = json::array();
  for (const auto& task : tasks)
    out.push_back({{"subtopology", task.subtopology}, {"partition", task.partition}});
  return out;
}

// As Kafka Streams itself writes them.
std::string names_of(const std::vector<stream_task>& tasks) {
  std::string out;
  for (const auto& task : tasks)
    out += std::format("{}{}_{}", out.empty() ? "" : " ", task.subtopology, task.partition);
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : " ") + name;
  return out;
}

std::string members_text(const std::vector<group_member>& members) {
  table rows({{"MEMBER"}, {"PROCESS"}, {"HOST"}, {"EPOCH", align::right}, {"ACTIVE"}, {"STANDBY"}});
  for (const auto& m : members) {
    rows.add({m.id, m.streams->process, m.host, std::to_string(m.streams->epoch),
              names_of(m.streams->active), names_of(m.streams->standby)});
  }
  return rows.text(wants_bold());
}

std::string topology_text(const std::vector<subtopology>& parts) {
  table rows({{"SUBTOPOLOGY"}, {"READS"}, {"REPARTITIONS TO"}, {"CHANGELOGS"}});
  for (const auto& part : parts)
    rows.add({part.id, joined(part.reads), joined(part.repartitions_to), joined(part.changelogs)});
  return rows.text(wants_bold());
}

}  // namespace

void add_streams_json(json& to, const streams_state& of) {
  json parts = json::array();
  for (const auto& part : of.subtopologies) {
    parts.push_back({{"subtopology", part.id},
                     {"reads", part.reads},
                     {"repartitions_to", part.repartitions_to},
                     {"changelogs", part.changelogs}});
  }
  to["epoch"] = of.epoch;
  to["assignment_epoch"] = of.assignment_epoch;
  to["topology_epoch"] = of.topology_epoch < 0 ? json(nullptr) : json(of.topology_epoch);
  to["subtopologies"] = std::move(parts);
}

void add_member_json(json& to, const streams_member& of) {
  to["process"] = of.process;
  to["epoch"] = of.epoch;
  to["active"] = tasks_json(of.active);
  to["standby"] = tasks_json(of.standby);
  to["target_active"] = tasks_json(of.target_active);
  to["target_standby"] = tasks_json(of.target_standby);
}

std::string streams_text(const group_state& g) {
  const auto& about = *g.streams;
  auto out = std::format("epoch {}, tasks given out in epoch {}, topology epoch {}\n", about.epoch,
                         about.assignment_epoch,
                         about.topology_epoch < 0 ? "-" : std::to_string(about.topology_epoch));
  if (!g.members.empty()) out += "\n" + members_text(g.members);
  if (!about.subtopologies.empty()) out += "\n" + topology_text(about.subtopologies);
  return out;
}

}  // namespace weir::cli
