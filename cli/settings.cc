#include "cli/settings.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/failure.h"
#include "cli/text.h"

namespace weir::cli {

std::chrono::milliseconds settings::timeout() const {
  return std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s.value_or(5) * 1000));
}

bool settings::has_property(std::string_view name) const {
  for (const auto& [key, value] : properties) {
    if (key == name) return true;
  }
  return false;
}

void add_settings(CLI::App& app, settings& to) {
  constexpr auto group = "Everywhere";
  app.add_option("-b,--brokers", to.brokers,
                 "Where to find the cluster; one broker is enough, it names the others.\n"
                 "Default: $WEIR_BROKERS, else 127.0.0.1:9092")
      ->option_text("HOST:PORT,...")
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "-X",
         [&to](const std::vector<std::string>& texts) {
           for (auto& pair : read_pairs(texts, "-X")) to.properties.push_back(std::move(pair));
         },
         "Any librdkafka property, such as security.protocol=ssl; may be repeated")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  app.add_option("--timeout", to.timeout_s, "How long to wait for the cluster's answer. Default: 5")
      ->option_text("SECONDS")
      ->check(CLI::Range(0.1, 3600.0))
      ->group(group);
  app.add_flag("--json", to.as_json, "Print JSON, for programs")->group(group);
  app.add_flag("-v,--verbose", to.verbose, "Tell more, with librdkafka's own log lines")
      ->group(group);
  app.set_help_flag("-h,--help", "Show this help")->group(group);
}

void resolve_settings(settings& s) {
  if (!s.brokers.empty()) return;
  const char* from_environment = std::getenv("WEIR_BROKERS");
  const bool given = from_environment != nullptr && *from_environment != '\0';
  s.brokers = given ? from_environment : "127.0.0.1:9092";
}

CLI::App& commands::group(const char* name, const char* sentence) {
  CLI::App& app = *root_.add_subcommand(name, sentence);
  app.usage(std::string("Usage: weir ") + name + " COMMAND ...");
  app.require_subcommand(0, 1);
  app.set_help_flag("-h,--help", "Show this help");
  app.footer(std::string("More: weir help ") + name + " COMMAND");
  return app;
}

CLI::App& commands::add(CLI::App& parent, const command_help& help, command run) {
  CLI::App& app = *parent.add_subcommand(help.name, help.sentence);
  app.usage(std::string("Usage: weir ") + help.usage);
  app.footer(help.more);
  app.callback([this, run = std::move(run)] { chosen_ = run; });
  leaves_.push_back(&app);
  return app;
}

void commands::finish() {
  for (CLI::App* app : leaves_) add_settings(*app, settings_);
}

std::vector<std::pair<std::string, std::string>> read_pairs(const std::vector<std::string>& texts,
                                                            const char* option) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& text : texts) {
    auto pair = split_pair(text);
    if (!pair) throw failure(std::string(option) + " " + text + ": write key=value", exit_usage);
    out.push_back(std::move(*pair));
  }
  return out;
}

bool wants_bold() {
  const char* plain = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (plain == nullptr || *plain == '\0');
}

void print_json(const json& value) {
  print(value.dump(isatty(STDOUT_FILENO) == 1 ? 2 : -1) + "\n");
}

void print(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return;
  if (errno == EPIPE) std::_Exit(0);
  throw failure(std::string("cannot write to standard output: ") + std::strerror(errno));
}

void flush_output() {
  errno = 0;
  if (std::fflush(stdout) == 0) return;
  if (errno == EPIPE) std::_Exit(0);
  throw failure(std::string("cannot write to standard output: ") + std::strerror(errno));
}

}  // namespace weir::cli
