// weir: the command-line client. Parses, runs one command, maps failures to a line and an exit
// code: 0 done, 1 the command failed, 2 it was called wrongly.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "cli/commands.h"
#include "cli/failure.h"

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.0.0-dev"
#endif

namespace weir::cli {

namespace {

constexpr auto orientation = R"(weir: a streaming broker that every Kafka client can use

  weir start --dev              run a broker here, data in ./weir-data
  weir topic create flights     make a topic
  weir produce flights          send records, one a line
  weir consume flights          read them back
  weir cluster info             see who is there

Commands
  start     Run the broker; its options: weir start --help
  topic     create, list, describe, alter, trim and delete topics
  produce   Send records from standard input or files
  consume   Read records
  group     Consumer and share groups: list, describe, lag, reset, delete
  cluster   How the cluster is; take brokers out of it and back, move leaders
  verify    Check a stopped broker's data directory
  dump      Print what a file of a data directory holds
  recover   Go on without brokers that are gone for good, though too few are left to decide
  simulate  Run a simulated cluster through failures, by seed
  help      Explain a command: weir help topic create

Everywhere
  -b, --brokers HOST:PORT,...   where the cluster is (else $WEIR_BROKERS, else 127.0.0.1:9092)
  -X KEY=VALUE                  any librdkafka property
  --timeout SECONDS             how long to wait for an answer (5)
  --json                        print JSON, for programs
  -v, --verbose                 tell more
  --version                     print the version
)";

// "weir help topic create" is "weir topic create --help".
std::vector<std::string> arguments(int argc, char** argv) {
  std::vector<std::string> out(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!out.empty() && out.front() == "help") {
    out.erase(out.begin());
    out.emplace_back("--help");
  }
  return out;
}

// The names of the commands on the way to the innermost one that was understood: "topic create ".
std::string path_of(const CLI::App& root) {
  std::string out;
  const CLI::App* at = &root;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    out += at->get_name() + " ";
  }
  return out;
}

int usage_error(const std::string& path, const std::string& what) {
  std::cerr << "weir: " << what << "; see: weir " << path << "--help\n";
  return exit_usage;
}

int run(int argc, char** argv) {
  CLI::App root("", "weir");
  settings s;
  add_settings(root, s);
  root.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
  root.require_subcommand(0, 1);
  root.get_formatter()->column_width(32);
  commands all(root, s);
  CLI::App& topic = all.group("topic", "Create, list, describe, alter, trim and delete topics");
  add_topic_changes(all, topic);
  add_topic_views(all, topic);
  add_topic_edits(all, topic);
  CLI::App& group =
      all.group("group", "List, describe, reset and delete consumer groups and share groups");
  add_group_views(all, group);
  add_group_changes(all, group);
  add_produce(all);
  add_consume(all);
  add_cluster_commands(all);
  add_verify(all);
  add_dump(all);
  add_recover(all);
  add_simulate(all);
  all.finish();

  auto words = arguments(argc, argv);
  if (words.empty() || words == std::vector<std::string>{"--help"} ||
      words == std::vector<std::string>{"-h"}) {
    std::cout << orientation;
    return 0;
  }
  if (words.front() == "start") {
    return usage_error("start ", "start is the broker's command and this is only the client");
  }
  try {
    std::ranges::reverse(words);  // as CLI11 wants them
    root.parse(words);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return root.exit(error);  // help or version, on standard output
    return usage_error(path_of(root), error.what());
  }
  if (!all.chosen()) return usage_error(path_of(root), "a command is missing");
  resolve_settings(s);
  all.chosen()();
  flush_output();
  return 0;
}

}  // namespace

}  // namespace weir::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return weir::cli::run(argc, argv);
  } catch (const weir::cli::failure& failure) {
    std::fflush(stdout);
    std::cerr << "weir: " << failure.what() << '\n';
    return failure.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "weir: " << error.what() << '\n';
    return weir::cli::exit_failed;
  }
}
