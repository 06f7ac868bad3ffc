// weir-sim: `weir simulate` for builds that have no client (the sanitizers').
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "sim/command.h"

int main(int argc, char** argv) {
  weir::sim::command what;
  CLI::App app("Runs a whole cluster in one thread, by seed", "weir-sim");
  app.add_option("--world", what.world, "raft, groups, transactions or shares");
  app.add_option("--seed", what.seed, "The first seed");
  app.add_option("--seeds", what.seeds, "How many");
  app.add_option("--hours", what.hours, "Take new seeds for so long");
  app.add_option("--mutation", what.mutation,
                 "Break a rule until it is noticed; all: each of them");
  app.add_flag("--check-determinism", what.check_determinism, "Run each seed twice");
  app.add_flag("-v,--verbose", what.verbose, "Tell of every run");
  CLI11_PARSE(app, argc, argv);
  const auto began = std::chrono::steady_clock::now();
  return weir::sim::run(
      what, [](std::string_view text) { std::cout << text << std::flush; },
      [&] {
        return std::chrono::duration<double, std::ratio<3600>>(std::chrono::steady_clock::now() -
                                                               began)
            .count();
      });
}
