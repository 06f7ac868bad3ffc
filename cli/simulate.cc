// weir simulate: the cluster that runs in one thread, by seed (docs/simulation.md). Talks to
// nobody.
#include "sim/command.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"

namespace weir::cli {

namespace {

constexpr auto more =
    R"(Runs a whole cluster of consensus cores with simulated disks, network and clients in
virtual time, and breaks what can break. Everything comes from the seed: the same seed
gives the same run, event by event, on every machine. A run that breaks is told with its
last events and the command that repeats it, and the exit code is 1.

Examples:
  weir simulate --seed 42                      one run, told
  weir simulate --seeds 1000                   a thousand
  weir simulate --hours 8 --seed 1000000       as many as fit into a night
  weir simulate --seeds 20 --check-determinism each twice, hashes compared
  weir simulate --mutation votes-twice         break a rule: when is it noticed?
  weir simulate --mutation all                 each rule, as a table
  weir simulate --world groups --seeds 1000    consumer groups and their coordinators
  weir simulate --world shares --seeds 1000    share groups
)";

void simulate(const sim::command& what) {
  const auto began = std::chrono::steady_clock::now();
  const auto code = sim::run(
      what,
      [](std::string_view text) {
        print(text);
        flush_output();
      },
      [&] {
        return std::chrono::duration<double, std::ratio<3600>>(std::chrono::steady_clock::now() -
                                                               began)
            .count();
      });
  if (code == 2) throw failure("no such world or mutation", exit_usage);
  if (code != 0) throw failure("the simulation failed");
}

}  // namespace

void add_simulate(commands& to) {
  auto what = std::make_shared<sim::command>();
  CLI::App& app = to.add(
      to.root(),
      {"simulate", "Run a simulated cluster through failures, by seed", "simulate [OPTIONS]", more},
      [what] { simulate(*what); });
  app.add_option("--world", what->world,
                 "What is simulated: raft, groups, transactions or shares. Default: raft")
      ->option_text("NAME");
  app.add_option("--seed", what->seed, "The first seed. Default: 1")->option_text("NUMBER");
  app.add_option("--seeds", what->seeds, "How many seeds, one after the other. Default: 1")
      ->option_text("COUNT");
  app.add_option("--hours", what->hours, "Take new seeds for so long")->option_text("HOURS");
  app.add_flag("--check-determinism", what->check_determinism,
               "Run each seed twice and compare what happened");
  app.add_option("--mutation", what->mutation,
                 "Break a rule until the simulator notices; all: each of them")
      ->option_text("NAME");
  app.add_flag("--tell", what->verbose, "Tell the plan and the phases of every run");
}

}  // namespace weir::cli
