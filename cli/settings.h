// What every command is told: where the cluster is and how to talk.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace weir::cli {

using json = nlohmann::ordered_json;

struct settings {
  std::string brokers;  // HOST:PORT,… ; resolved by resolve_settings
  std::vector<std::pair<std::string, std::string>> properties;  // -X, in order
  std::optional<double> timeout_s;                              // --timeout, when given
  bool as_json = false;
  bool verbose = false;

  // How long to wait for the cluster to answer.
  std::chrono::milliseconds timeout() const;
  bool has_property(std::string_view name) const;
};

// Adds -b -X --json --timeout -v, so that they work before and after the command's name.
void add_settings(CLI::App& app, settings& to);

// Fills the brokers in from WEIR_BROKERS or the default.
void resolve_settings(settings& s);

// A command's sub-application with its help: one sentence, usage after "weir ", examples.
// `run` is called after parsing, in main.
struct command_help {
  const char* name;
  const char* sentence;
  const char* usage;
  const char* more;  // notes and examples
};
using command = std::function<void()>;

class commands {
 public:
  commands(CLI::App& root, settings& s) : root_(root), settings_(s) {}

  settings& shared() { return settings_; }
  CLI::App& root() { return root_; }

  // A name for a group of commands, such as "topic".
  CLI::App& group(const char* name, const char* sentence);
  CLI::App& add(CLI::App& parent, const command_help& help, command run);

  // Gives every command the settings, below its own options in the help.
  void finish();

  // The command that the arguments named; empty when they named a group or nothing.
  const command& chosen() const { return chosen_; }

 private:
  CLI::App& root_;
  settings& settings_;
  std::vector<CLI::App*> leaves_;
  command chosen_;
};

// "key=value" texts of a repeated option; a usage failure names the option and the text.
std::vector<std::pair<std::string, std::string>> read_pairs(const std::vector<std::string>& texts,
                                                            const char* option);

// Standard output is a terminal that wants no plain text.
bool wants_bold();

// JSON as `--json` prints it: indented on a terminal, one line otherwise.
void print_json(const json& value);

// Writes to standard output. A reader that went away (EPIPE) ends the program quietly.
void print(std::string_view text);
void flush_output();

}  // namespace weir::cli
