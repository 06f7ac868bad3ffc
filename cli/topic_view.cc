#include <fnmatch.h>

#include <CLI/CLI.hpp>
#include <format>

#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

struct list_options {
  std::string pattern = "*";
  bool internal = false;
};

std::string health(const topic_state& topic) {
  if (const auto n = topic.without_leader()) return counted(n, "partition") + " without leader";
  if (const auto n = topic.under_replicated()) return counted(n, "partition") + " under-replicated";
  return "ok";
}

void list(const settings& s, const list_options& o) {
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  std::vector<std::string> names;
  for (auto& name : topic_names(c)) {
    if (fnmatch(o.pattern.c_str(), name.c_str(), 0) == 0) names.push_back(std::move(name));
  }
  json out = json::array();
  table rows({{"TOPIC"}, {"PARTITIONS", align::right}, {"REPLICAS", align::right}, {"HEALTH"}});
  for (const auto& topic : describe_listed(c, names)) {
    if (topic.internal && !o.internal) continue;
    out.push_back({{"topic", topic.name},
                   {"id", topic.id},
                   {"internal", topic.internal},
                   {"partitions", topic.partitions.size()},
                   {"replicas", topic.replication()},
                   {"partitions_without_leader", topic.without_leader()},
                   {"partitions_under_replicated", topic.under_replicated()}});
    rows.add({topic.name, std::to_string(topic.partitions.size()),
              std::to_string(topic.replication()), health(topic)});
  }
  if (s.as_json) {
    print_json(out);
  } else if (!rows.empty()) {
    print(rows.text(wants_bold()));
  } else if (o.pattern == "*") {
    print("no topics yet; make one with: weir topic create NAME\n");
  } else {
    print(std::format("no topic matches {}\n", o.pattern));
  }
}

std::string joined(const std::vector<std::int32_t>& ids) {
  std::string out;
  for (const auto id : ids) out += (out.empty() ? "" : ",") + std::to_string(id);
  return out;
}

// Kafka's "none" becomes an empty cell.
std::string cell(std::int64_t n) {
  return n < 0 ? "" : std::to_string(n);
}
json json_or_null(std::int64_t n) {
  return n < 0 ? json(nullptr) : json(n);
}

struct describe_options {
  std::vector<std::string> names;
  std::string configs = "changed";
};

struct partition_row {
  partition_state state;
  std::int64_t earliest = -1;
  std::int64_t latest = -1;
  std::int32_t epoch = -1;
  std::int64_t records() const { return earliest < 0 || latest < 0 ? -1 : latest - earliest; }
};

std::vector<partition_row> partition_rows(client& c, const topic_state& topic) {
  std::vector<topic_partition> led;
  for (const auto& p : topic.partitions) {
    if (p.leader >= 0) led.emplace_back(topic.name, p.id);
  }
  auto earliest = list_offsets(c, led, RD_KAFKA_OFFSET_SPEC_EARLIEST);
  auto latest = list_offsets(c, led, RD_KAFKA_OFFSET_SPEC_LATEST);
  std::vector<partition_row> out;
  for (const auto& p : topic.partitions) {
    const auto& end = latest[{topic.name, p.id}];
    out.push_back({p, earliest[{topic.name, p.id}].offset, end.offset, end.leader_epoch});
  }
  return out;
}

json to_json(const topic_state& topic, const std::vector<partition_row>& rows,
             const std::vector<config_state>& configs) {
  json partitions = json::array();
  for (const auto& row : rows) {
    partitions.push_back({{"partition", row.state.id},
                          {"leader", json_or_null(row.state.leader)},
                          {"leader_epoch", json_or_null(row.epoch)},
                          {"replicas", row.state.replicas},
                          {"isr", row.state.in_sync},
                          {"earliest", json_or_null(row.earliest)},
                          {"latest", json_or_null(row.latest)},
                          {"records", json_or_null(row.records())}});
  }
  json list = json::array();
  for (const auto& config : configs) {
    list.push_back({{"name", config.name},
                    {"value", config.sensitive ? json(nullptr) : json(config.value)},
                    {"source", config.source}});
  }
  return {{"topic", topic.name},
          {"id", topic.id},
          {"internal", topic.internal},
          {"partitions", partitions},
          {"configs", list}};
}

void print_text(const topic_state& topic, const std::vector<partition_row>& rows,
                const std::vector<config_state>& configs, bool all_configs) {
  table partitions({{"PARTITION", align::right},
                    {"LEADER", align::right},
                    {"EPOCH", align::right},
                    {"REPLICAS"},
                    {"ISR"},
                    {"EARLIEST", align::right},
                    {"LATEST", align::right},
                    {"RECORDS", align::right}});
  std::int64_t records = 0;
  for (const auto& row : rows) {
    records += std::max<std::int64_t>(0, row.records());
    partitions.add({std::to_string(row.state.id), cell(row.state.leader), cell(row.epoch),
                    joined(row.state.replicas), joined(row.state.in_sync), cell(row.earliest),
                    cell(row.latest), cell(row.records())});
  }
  print(std::format("topic {}{}  id {}  {}  {}  {}\n\n", topic.name,
                    topic.internal ? " (internal)" : "", topic.id.empty() ? "-" : topic.id,
                    counted(rows.size(), "partition"), counted(topic.replication(), "replica"),
                    counted(static_cast<std::size_t>(records), "record")));
  print(partitions.text(wants_bold()));
  if (configs.empty()) return;
  table list({{all_configs ? "CONFIG" : "CONFIG THAT DIFFERS"}, {"VALUE"}, {"FROM"}});
  for (const auto& config : configs) {
    list.add({config.name, config.sensitive ? "(hidden)" : config.value, config.source});
  }
  print("\n" + list.text(wants_bold()));
}

void describe(const settings& s, const describe_options& o) {
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  json out = json::array();
  bool first = true;
  for (const auto& topic : describe_topics(c, o.names)) {
    const auto rows = partition_rows(c, topic);
    std::vector<config_state> configs;
    if (o.configs != "none") configs = describe_configs(c, topic.name);
    if (o.configs == "changed") std::erase_if(configs, [](const auto& x) { return x.is_default; });
    if (s.as_json) {
      out.push_back(to_json(topic, rows, configs));
    } else {
      if (!first) print("\n\n");
      print_text(topic, rows, configs, o.configs == "all");
    }
    first = false;
  }
  if (s.as_json) print_json(out);
}

}  // namespace

void add_topic_views(commands& to, CLI::App& topic) {
  const settings& s = to.shared();
  auto lo = std::make_shared<list_options>();
  CLI::App& l = to.add(topic,
                       {"list", "List topics with their partitions, replicas and health",
                        "topic list [OPTIONS] [PATTERN]",
                        "Examples:\n"
                        "  weir topic list\n"
                        "  weir topic list 'flights-*'\n"
                        "  weir topic list --internal --json\n"},
                       [&s, lo] { list(s, *lo); });
  l.add_option("PATTERN", lo->pattern, "Only names that match; * and ? as in file names")
      ->type_name("");
  l.add_flag("--internal", lo->internal, "Show the cluster's own topics too");

  auto od = std::make_shared<describe_options>();
  CLI::App& d = to.add(
      topic,
      {"describe", "Show topics' partitions, offsets and configuration",
       "topic describe [OPTIONS] NAME...",
       "EARLIEST is the first offset there, LATEST the one that the next record gets; RECORDS\n"
       "is their difference (in compacted or transactional topics fewer are readable).\n"
       "FROM tells who set a config: topic, broker, cluster (all brokers), static (a broker's\n"
       "file) or default.\n\n"
       "Examples:\n"
       "  weir topic describe flights\n"
       "  weir topic describe flights --configs all\n"
       "  weir topic describe flights --json | jq '.[0].partitions[].latest'\n"},
      [&s, od] { describe(s, *od); });
  d.add_option("NAME", od->names, "Topics")->type_name("")->required();
  d.add_option("--configs", od->configs,
               "Which configs: changed (those that differ from the default), all, none.\n"
               "Default: changed")
      ->option_text("WHICH")
      ->check(CLI::IsMember({"changed", "all", "none"}));
}

}  // namespace weir::cli
