#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <format>
#include <iostream>

#include "cli/commands.h"
#include "cli/moment.h"
#include "cli/share_groups.h"
#include "cli/table.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

struct reset_options {
  std::string group;
  std::string topic;
  std::vector<int> partitions;  // empty: all
  std::string to;
  bool execute = false;
};

// Where a group is to go on.
struct target {
  enum class kind { start, end, time, offset, by } what = kind::start;
  std::int64_t number = 0;
};

std::optional<std::int64_t> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

target parse_target(const std::string& text) {
  if (text == "start") return {target::kind::start, 0};
  if (text == "end") return {target::kind::end, 0};
  if (text.starts_with('@')) {
    if (const auto ms = parse_moment(text.substr(1))) return {target::kind::time, *ms};
  } else if (const auto n = parse_number(text)) {
    return {text.front() == '+' || text.front() == '-' ? target::kind::by : target::kind::offset,
            *n};
  }
  throw failure(std::format("--to {}: give start, end, an offset, +N, -N or @TIME", text),
                exit_usage);
}

struct reset_row {
  topic_partition of;
  std::int64_t now = -1;
  std::int64_t next = -1;
  std::int64_t end = 0;
};

std::vector<topic_partition> wanted_partitions(client& c, const reset_options& o) {
  std::vector<topic_partition> out;
  for (const auto& p : describe_topic(c, o.topic).partitions) {
    if (o.partitions.empty() || std::ranges::find(o.partitions, p.id) != o.partitions.end())
      out.emplace_back(o.topic, p.id);
  }
  if (out.empty()) throw failure(std::format("topic {} has no such partition", o.topic));
  return out;
}

using group_place = std::map<topic_partition, std::int64_t>;

// Where a group goes on. Of a share group, where it has begun: its start.
group_place place_of(client& c, share_groups& shared, bool is_shared, const std::string& group) {
  group_place out;
  if (is_shared) {
    for (const auto& [at, place] : shared.places(group)) out[at] = place.start;
  } else {
    for (const auto& [at, committed] : group_offsets(c, group)) out[at] = committed.offset;
  }
  return out;
}

std::vector<reset_row> plan(client& c, const reset_options& o, const target& to,
                            const group_place& place) {
  const auto all = wanted_partitions(c, o);
  const auto first = list_offsets(c, all, RD_KAFKA_OFFSET_SPEC_EARLIEST);
  const auto last = list_offsets(c, all, RD_KAFKA_OFFSET_SPEC_LATEST);
  std::map<topic_partition, offset_answer> by_time;
  if (to.what == target::kind::time) by_time = list_offsets(c, all, to.number);
  std::vector<reset_row> out;
  for (const auto& at : all) {
    const auto start = first.at(at).offset;
    const auto end = last.at(at).offset;
    if (start < 0 || end < 0)
      throw failure(std::format("{}-{} can't be asked now: it has no leader", at.first, at.second));
    reset_row row{.of = at, .end = end};
    if (const auto found = place.find(at); found != place.end()) row.now = found->second;
    switch (to.what) {
      case target::kind::start:
        row.next = start;
        break;
      case target::kind::end:
        row.next = end;
        break;
      case target::kind::offset:
        row.next = to.number;
        break;
      case target::kind::by:
        row.next = (row.now < 0 ? start : row.now) + to.number;
        break;
      case target::kind::time:
        row.next = by_time.at(at).offset < 0 ? end : by_time.at(at).offset;
        break;
    }
    row.next = std::clamp(row.next, start, end);
    out.push_back(row);
  }
  return out;
}

void reset(const settings& s, const reset_options& o) {
  const auto to = parse_target(o.to);
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  share_groups shared(c);
  const bool is_shared = shared.is_one(o.group);
  const auto rows = plan(c, o, to, place_of(c, shared, is_shared, o.group));
  if (o.execute) {
    group_place wanted;
    for (const auto& row : rows) wanted[row.of] = row.next;
    is_shared ? shared.alter(o.group, wanted) : alter_group_offsets(c, o.group, wanted);
  }
  if (s.as_json) {
    json list = json::array();
    for (const auto& row : rows)
      list.push_back({{"topic", row.of.first},
                      {"partition", row.of.second},
                      {"before", row.now < 0 ? json(nullptr) : json(row.now)},
                      {"after", row.next},
                      {"to_read", row.end - row.next}});
    print_json({{"group", o.group}, {"executed", o.execute}, {"partitions", list}});
    return;
  }
  table lines({{"TOPIC"},
               {"PARTITION", align::right},
               {"BEFORE", align::right},
               {"AFTER", align::right},
               {"TO READ", align::right}});
  std::int64_t total = 0;
  for (const auto& row : rows) {
    total += row.end - row.next;
    lines.add({row.of.first, std::to_string(row.of.second),
               row.now < 0 ? "" : std::to_string(row.now), std::to_string(row.next),
               std::to_string(row.end - row.next)});
  }
  print(lines.text(wants_bold()));
  print(o.execute
            ? std::format("\ngroup {} goes on there: {} to read\n", o.group,
                          counted(static_cast<std::size_t>(total), "record"))
            : std::format("\nnothing was changed; the group would have {} to read. Do it with "
                          "--execute\n",
                          counted(static_cast<std::size_t>(total), "record")));
}

struct delete_options {
  std::vector<std::string> names;
  bool yes = false;
};

void confirm(const delete_options& o) {
  if (o.yes) return;
  std::string list;
  for (const auto& name : o.names) list += (list.empty() ? "" : ", ") + name;
  if (isatty(STDIN_FILENO) != 1)
    throw failure(std::format("not deleting {}: nobody can be asked here; add --yes", list),
                  exit_usage);
  std::cerr << "delete " << list << " with all that is known of how far they are? [y/N] "
            << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") throw failure("nothing was deleted");
}

void remove(const settings& s, const delete_options& o) {
  confirm(o);
  client c(s, RD_KAFKA_PRODUCER);
  c.connect();
  using old_group = owned<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy>;
  std::vector<old_group> groups;
  std::vector<rd_kafka_DeleteGroup_t*> raw;
  groups.reserve(o.names.size());
  raw.reserve(o.names.size());
  for (const auto& name : o.names)
    raw.push_back(groups.emplace_back(rd_kafka_DeleteGroup_new(name.c_str())).get());
  const auto event = c.ask(RD_KAFKA_ADMIN_OP_DELETEGROUPS, "delete groups",
                           [&](auto* handle, auto* options, auto* queue) {
                             rd_kafka_DeleteGroups(handle, raw.data(), raw.size(), options, queue);
                           });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event.get()), &count);
  json list = json::array();
  std::string first_failure;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_group_result_name(results[i]);
    const auto* error = rd_kafka_group_result_error(results[i]);
    if (error == nullptr) {
      list.push_back({{"group", name}, {"result", "deleted"}});
      if (!s.as_json) print(std::format("deleted {}\n", name));
      continue;
    }
    const auto why = explain_group(name, rd_kafka_error_code(error), rd_kafka_error_string(error));
    list.push_back({{"group", name}, {"result", "failed"}, {"error", why}});
    if (!first_failure.empty()) std::cerr << "weir: " << first_failure << '\n';
    first_failure = why;
  }
  if (s.as_json) print_json(list);
  if (!first_failure.empty()) throw failure(first_failure);
}

void add_reset(commands& to, CLI::App& group) {
  const settings& s = to.shared();
  const auto o = std::make_shared<reset_options>();
  CLI::App& r = to.add(
      group,
      {"reset", "Set where a group goes on reading",
       "group reset [OPTIONS] NAME --topic TOPIC --to WHERE",
       "Shows what would be, and does it with --execute. The group must have no members: its\n"
       "consumers would go on where they are. WHERE is start, end, an offset, +N or -N (from\n"
       "where the group is), or @TIME: the first record at or after that time. Offsets outside\n"
       "of the partition become its start or end. A share group forgets what is done behind\n"
       "that place, and gets those records again. Of a group of Kafka Streams the application's\n"
       "state stays as it is.\n\n"
       "Examples:\n"
       "  weir group reset billing --topic orders --to @2030-05-01T14:00\n"
       "  weir group reset billing --topic orders -p 2 --to -100 --execute\n"},
      [&s, o] { reset(s, *o); });
  r.add_option("NAME", o->group, "The group")->type_name("")->required();
  r.add_option("-t,--topic", o->topic, "The topic")->option_text("TOPIC")->required();
  r.add_option("-p,--partition", o->partitions, "Only this partition; may be repeated")
      ->option_text("N")
      ->allow_extra_args(false);
  r.add_option("--to", o->to, "Where: start, end, N, +N, -N, @TIME")
      ->option_text("WHERE")
      ->required();
  r.add_flag("--execute", o->execute, "Do it");
}

void add_delete(commands& to, CLI::App& group) {
  const settings& s = to.shared();
  const auto o = std::make_shared<delete_options>();
  CLI::App& d = to.add(
      group,
      {"delete", "Delete groups, and how far they are", "group delete [OPTIONS] NAME...",
       "Committed offsets go with a group, and of a share group what is done already: whoever\n"
       "uses the name again begins anew. Groups with members can't be deleted. The topics that\n"
       "a group of Kafka Streams made for itself stay. Asks first; where nobody can be asked\n"
       "(no terminal) it wants --yes.\n\n"
       "Examples:\n"
       "  weir group delete billing-test\n"},
      [&s, o] { remove(s, *o); });
  d.add_option("NAME", o->names, "Groups")->type_name("")->required();
  d.add_flag("-y,--yes", o->yes, "Don't ask");
}

}  // namespace

void add_group_changes(commands& to, CLI::App& group) {
  add_reset(to, group);
  add_delete(to, group);
}

}  // namespace weir::cli
