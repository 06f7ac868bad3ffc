#include <fnmatch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <format>

#include "cli/all_groups.h"
#include "cli/commands.h"
#include "cli/share_view.h"
#include "cli/streams_view.h"
#include "cli/table.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

void list(const settings& s, const std::string& pattern) {
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  json out = json::array();
  table rows({{"GROUP"}, {"STATE"}, {"TYPE"}});
  for (const auto& g : all_groups(c).list()) {
    if (fnmatch(pattern.c_str(), g.name.c_str(), 0) != 0) continue;
    out.push_back({{"group", g.name}, {"state", g.state}, {"type", g.type}});
    rows.add({g.name, g.state, g.type});
  }
  if (s.as_json) {
    print_json(out);
  } else if (!rows.empty()) {
    print(rows.text(wants_bold()));
  } else {
    print(pattern == "*" ? "no groups\n" : std::format("no group matches {}\n", pattern));
  }
}

json members_json(const group_state& g) {
  json members = json::array();
  for (const auto& m : g.members) {
    json assigned = json::array();
    for (const auto& [topic, partition] : m.assigned)
      assigned.push_back({{"topic", topic}, {"partition", partition}});
    members.push_back({{"member", m.id},
                       {"instance", m.instance.empty() ? json(nullptr) : json(m.instance)},
                       {"client", m.client},
                       {"host", m.host},
                       {"assigned", assigned}});
    if (m.streams) add_member_json(members.back(), *m.streams);
  }
  return members;
}

void print_group(const group_state& g) {
  const std::string assignor = g.assignor.empty() ? "-" : g.assignor;
  print(std::format("group {}  {}  {}{}coordinator {}  {}\n", g.name, g.state,
                    g.type.empty() ? "" : g.type + "  ", g.streams ? "" : assignor + "  ",
                    g.coordinator, counted(g.members.size(), "member")));
  if (g.streams) {
    print(streams_text(g));
    return;
  }
  if (g.members.empty()) return;
  table rows({{"MEMBER"}, {"INSTANCE"}, {"HOST"}, {"PARTITIONS"}});
  for (const auto& m : g.members) {
    std::string assigned;
    for (const auto& [topic, partition] : m.assigned)
      assigned += std::format("{}{}-{}", assigned.empty() ? "" : " ", topic, partition);
    rows.add({m.id, m.instance, m.host, assigned});
  }
  print("\n" + rows.text(wants_bold()));
}

json group_json(const group_state& g) {
  json out{{"group", g.name}, {"state", g.state}};
  if (!g.type.empty()) out["type"] = g.type;
  out["assignor"] = g.assignor;
  out["coordinator"] = g.coordinator;
  if (g.streams) add_streams_json(out, *g.streams);
  out["members"] = members_json(g);
  return out;
}

void describe(const settings& s, const std::vector<std::string>& names) {
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  all_groups groups(c);
  json out = json::array();
  bool first = true;
  for (const auto& g : groups.describe(names)) {
    std::vector<share_row> places;
    if (g.type == share_type) places = share_rows(c, groups.shared, g);
    if (s.as_json) {
      out.push_back(group_json(g));
      if (g.type == share_type) out.back()["partitions"] = to_json(places);
    } else {
      if (!first) print("\n\n");
      print_group(g);
      if (!places.empty()) print("\n" + places_text(places));
    }
    first = false;
  }
  if (s.as_json) print_json(out);
}

struct lag_row {
  topic_partition of;
  std::int64_t committed = -1;
  std::int64_t end = -1;  // -1: not known
  std::string member;
  std::int64_t lag() const {
    return committed < 0 || end < 0 ? -1 : std::max<std::int64_t>(0, end - committed);
  }
};

// Everything that is committed or assigned.
std::vector<lag_row> lag_rows(client& c, const group_state& g) {
  std::map<topic_partition, lag_row> rows;
  for (const auto& [at, offset] : group_offsets(c, g.name)) rows[at].committed = offset.offset;
  for (const auto& m : g.members) {
    for (const auto& at : m.assigned) rows[at].member = m.id;
  }
  std::vector<topic_partition> all;
  all.reserve(rows.size());
  for (const auto& [at, row] : rows) all.push_back(at);
  for (const auto& [at, end] : list_offsets(c, all, RD_KAFKA_OFFSET_SPEC_LATEST))
    rows[at].end = end.error == RD_KAFKA_RESP_ERR_NO_ERROR ? end.offset : -1;
  std::vector<lag_row> out;
  for (auto& [at, row] : rows) {
    row.of = at;
    out.push_back(row);
  }
  return out;
}

json number_or_null(std::int64_t n) {
  return n < 0 ? json(nullptr) : json(n);
}
std::string cell(std::int64_t n) {
  return n < 0 ? "" : std::to_string(n);
}

// What `weir group lag` tells of one group.
struct lag_view {
  std::int64_t total = 0;
  json partitions = json::array();
  std::string text;
};

lag_view lag_of_consumers(client& c, const group_state& g) {
  lag_view out;
  table rows({{"TOPIC"},
              {"PARTITION", align::right},
              {"COMMITTED", align::right},
              {"END", align::right},
              {"LAG", align::right},
              {"MEMBER"}});
  for (const auto& row : lag_rows(c, g)) {
    out.total += std::max<std::int64_t>(0, row.lag());
    out.partitions.push_back({{"topic", row.of.first},
                              {"partition", row.of.second},
                              {"committed", number_or_null(row.committed)},
                              {"end", number_or_null(row.end)},
                              {"lag", number_or_null(row.lag())},
                              {"member", row.member.empty() ? json(nullptr) : json(row.member)}});
    rows.add({row.of.first, std::to_string(row.of.second), cell(row.committed), cell(row.end),
              cell(row.lag()), row.member});
  }
  if (!rows.empty()) out.text = rows.text(wants_bold());
  return out;
}

lag_view lag_of_one(client& c, share_groups& shared, const group_state& g) {
  if (g.type != share_type) return lag_of_consumers(c, g);
  const auto rows = share_rows(c, shared, g);
  return {.total = lag_of(rows), .partitions = to_json(rows), .text = lag_text(rows)};
}

void lag(const settings& s, const std::vector<std::string>& names) {
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  all_groups groups(c);
  json out = json::array();
  bool first = true;
  for (const auto& g : groups.describe(names)) {
    auto view = lag_of_one(c, groups.shared, g);
    if (s.as_json) {
      json one{{"group", g.name}, {"state", g.state}};
      if (!g.type.empty()) one["type"] = g.type;
      one["lag"] = view.total;
      one["partitions"] = std::move(view.partitions);
      out.push_back(std::move(one));
    } else {
      print(std::format("{}group {}  {}  lag {}\n", first ? "" : "\n\n", g.name, g.state,
                        view.total));
      if (!view.text.empty()) print("\n" + view.text);
    }
    first = false;
  }
  if (s.as_json) print_json(out);
}

void add_describe(commands& to, CLI::App& group) {
  const settings& s = to.shared();
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App& d = to.add(
      group,
      {"describe", "Show groups' members and what each of them reads",
       "group describe [OPTIONS] NAME...",
       "Of a share group it shows as well where it is in each partition: START is\n"
       "the first record that is not done, \"-\" where nobody has begun to read. Of a group of\n"
       "Kafka Streams it shows the tasks (SUBTOPOLOGY_PARTITION) that its members run and\n"
       "that they keep ready, and the topics of each subtopology.\n\n"
       "Examples:\n"
       "  weir group describe billing\n"
       "  weir group describe billing --json | jq '.[0].members | length'\n"},
      [&s, names] { describe(s, *names); });
  d.add_option("NAME", *names, "Groups")->type_name("")->required();
}

void add_lag(commands& to, CLI::App& group) {
  const settings& s = to.shared();
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App& l = to.add(
      group,
      {"lag", "Show how far groups have come, and how much is left", "group lag [OPTIONS] NAME...",
       "LAG is the difference between the partition's end and what the group has committed.\n"
       "Partitions that are assigned and never were committed have none. Share groups commit\n"
       "nothing: START is the first record that is not done, and LAG counts those behind it\n"
       "that are not done either. Several MEMBERS may take records of one partition.\n"
       "Of a group of Kafka Streams a partition's MEMBER is that which runs its task.\n\n"
       "Examples:\n"
       "  weir group lag billing\n"
       "  weir group lag billing --json | jq '.[0].lag'\n"},
      [&s, names] { lag(s, *names); });
  l.add_option("NAME", *names, "Groups")->type_name("")->required();
}

}  // namespace

void add_group_views(commands& to, CLI::App& group) {
  const settings& s = to.shared();
  const auto pattern = std::make_shared<std::string>("*");
  CLI::App& l =
      to.add(group,
             {"list", "List groups of consumers", "group list [OPTIONS] [PATTERN]",
              "TYPE is the protocol that a group's members speak: classic (JoinGroup),\n"
              "consumer (KIP-848), share (KIP-932: as from a queue, record by record) or streams\n"
              "(KIP-1071: Kafka Streams).\n\n"
              "Examples:\n"
              "  weir group list\n"
              "  weir group list 'billing-*' --json\n"},
             [&s, pattern] { list(s, *pattern); });
  l.add_option("PATTERN", *pattern, "Only names that match; * and ? as in file names")
      ->type_name("");
  add_describe(to, group);
  add_lag(to, group);
}

}  // namespace weir::cli
