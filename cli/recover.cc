// weir recover: one copy of a group goes on alone when the majority of its voters is gone for good.
#include <CLI/CLI.hpp>
#include <format>
#include <iostream>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/offline/directory_check.h"
#include "cli/offline/recover.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

struct wanted_recovery {
  offline::recover_order order;
  std::vector<std::int32_t> lost;
  bool accept_loss = false;
};

std::string list(const std::vector<node_id>& nodes) {
  std::string out;
  for (const auto node : nodes) out += std::format("{}{}", out.empty() ? "" : ", ", node.value());
  return out;
}

std::string in_words(const offline::copy_of_group& g) {
  auto out = std::format("{}: voters {}; the log ends in term {}, at entry {}, offset {}", g.label,
                         list(g.members.voters), g.last_term.value(), g.last_index.value(),
                         g.next_offset.value());
  if (!g.refused.empty()) return out + "\n    not here: " + g.refused + "\n";
  return out + "\n";
}

json to_json(const offline::copy_of_group& g) {
  json voters = json::array();
  for (const auto node : g.members.voters) voters.push_back(node.value());
  return {{"group", g.label},
          {"voters", voters},
          {"last_term", g.last_term.value()},
          {"last_index", g.last_index.value()},
          {"next_offset", g.next_offset.value()},
          {"stuck", g.stuck},
          {"refused", g.refused.empty() ? json(nullptr) : json(g.refused)}};
}

offline::recovery_plan plan(const wanted_recovery& wanted) {
  offline::progress progress;
  try {
    return offline::plan_recovery(wanted.order, progress);
  } catch (const offline::nothing_to_check& why) {
    throw failure(why.what(), exit_usage);
  } catch (const offline::read_failed& why) {
    throw failure(why.what(), exit_usage);
  }
}

void carry_out(const offline::recovery_plan& p) {
  for (const auto& g : p.groups) {
    if (!g.stuck || !g.refused.empty()) continue;
    try {
      offline::go_on_alone(g, p.self);
    } catch (const std::runtime_error& why) {
      throw failure(std::format("{}: {}; those before it are done", g.label, why.what()),
                    exit_failed);
    }
    print(std::format("{} goes on with broker {} alone from its next start on\n", g.label,
                      p.self.value()));
  }
}

void run_recover(const settings& s, wanted_recovery wanted) {
  for (const auto node : wanted.lost) wanted.order.lost.emplace_back(node);
  offline::read_lock lock;
  if (!lock.take(wanted.order.path))
    throw failure(std::format("{} is in use by process {}: stop that broker first",
                              wanted.order.path, lock.holder()),
                  exit_usage);
  const auto p = plan(wanted);
  std::size_t stuck = 0;
  std::size_t refused = 0;
  json all = json::array();
  for (const auto& g : p.groups) {
    if (s.as_json) all.push_back(to_json(g));
    if (!g.stuck) continue;
    ++stuck;
    refused += g.refused.empty() ? 0 : 1;
    if (!s.as_json) print(in_words(g));
  }
  if (s.as_json) print_json({{"broker", p.self.value()}, {"groups", all}});
  if (stuck == 0) {
    if (!s.as_json)
      print(std::format("all {} have a majority without {}: nothing to do\n",
                        counted(p.groups.size(), "group"), list(wanted.order.lost)));
    return;
  }
  if (!wanted.accept_loss) {
    if (!s.as_json)
      print(std::format(
          "\n{} can't decide without brokers {}, {} of them not here. Nothing was changed.\n"
          "What was acknowledged and is only on those brokers is lost if this goes on, and\n"
          "they must never be started again with what they have. With --accept-data-loss it\n"
          "is done. More: docs/operations/recover.md\n",
          counted(stuck, "group"), list(wanted.order.lost), refused));
  } else {
    carry_out(p);
  }
  flush_output();
  if (refused > 0) std::_Exit(exit_failed);
}

}  // namespace

void add_recover(commands& to) {
  auto w = std::make_shared<wanted_recovery>();
  CLI::App& app = to.add(
      to.root(),
      {"recover", "Go on without brokers that are gone for good, though too few are left to decide",
       "recover DIR --lost ID[,ID...] [OPTIONS]",
       "DIR is the data directory of a stopped broker that is left. Tells which partitions, and\n"
       "whether the cluster's own state (catalog), have no majority without the lost brokers.\n"
       "With --accept-data-loss this broker's copies of them go on alone from its next start on:\n"
       "what only the lost brokers had is gone. Those must never be started again with the data\n"
       "that they have.\n\n"
       "A group of which others are left too is passed over, unless it is named: go on with the\n"
       "copy whose log ends in the latest term, and of those with the one that ends at the last\n"
       "entry.\n\n"
       "Examples:\n"
       "  weir recover weir-data --lost 2,3\n"
       "  weir recover weir-data --lost 2,3 --accept-data-loss\n"
       "  weir recover weir-data --lost 2,3,4 --topic orders --partition 0 --accept-data-loss\n\n"
       "Exit codes: 0 done, or nothing to do; 1 something was passed over or failed; 2 could not "
       "look.\n"
       "More: docs/operations/recover.md\n"},
      [&s = to.shared(), w] { run_recover(s, *w); });
  app.add_option("DIR", w->order.path, "Data directory")->required();
  app.add_option("--lost", w->lost, "Brokers that never come back")
      ->option_text("ID,...")
      ->delimiter(',')
      ->required();
  app.add_option("--topic", w->order.topic, "Only this topic")->option_text("NAME");
  app.add_option("--partition", w->order.partition, "Only this one of the topic")->option_text("N");
  app.add_flag("--catalog", w->order.catalog, "Only the cluster's own state");
  app.add_flag("--accept-data-loss", w->accept_loss, "Do it");
}

}  // namespace weir::cli
