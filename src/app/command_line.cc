#include "app/command_line.h"

#include <yaml-cpp/yaml.h>

// CLI11 streams strings, for which Seastar's headers offer an operator that they call deprecated.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
#include <CLI/CLI.hpp>
#pragma clang diagnostic pop
#include <algorithm>

#include "core/options/change.h"
#include "core/options/help.h"
#include "core/options/settings.h"

namespace weir::app {
namespace {

constexpr int usage_error = 2;
constexpr std::size_t config_depth_max = 8;

std::unexpected<early_exit> refused(const std::string& why) {
  return std::unexpected(early_exit{usage_error, "weir: " + why + "\n"});
}

using flat_map = std::vector<std::pair<std::string, std::string>>;

// Nested keys joined with dots, sequences with commas.
std::expected<void, std::string> flatten(const YAML::Node& node, const std::string& name,
                                         std::size_t depth, flat_map& into) {
  if (depth > config_depth_max) return std::unexpected(name + " is nested too deeply");
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      if (auto done = flatten(entry.second, name.empty() ? key : fmt::format("{}.{}", name, key),
                              depth + 1, into);
          !done)
        return done;
    }
  } else if (node.IsSequence()) {
    std::string joined;
    for (const auto& item : node) {
      if (!item.IsScalar())
        return std::unexpected(name + " is a list of something else than plain values");
      joined += (joined.empty() ? "" : ",") + item.as<std::string>();
    }
    into.emplace_back(name, joined);
  } else if (node.IsScalar()) {
    into.emplace_back(name, node.as<std::string>());
  }
  return {};
}

std::expected<option_layer, std::string> read_config(const std::string& path) {
  flat_map flat;
  try {
    const auto root = YAML::LoadFile(path);
    if (!root.IsMap() && !root.IsNull()) return std::unexpected(path + " is not a map of options");
    if (auto done = flatten(root, "", 0, flat); !done)
      return std::unexpected(path + ": " + done.error());
  } catch (const YAML::BadFile&) {
    return std::unexpected("cannot read " + path);
  } catch (const YAML::Exception& e) {
    return std::unexpected(path + ": " + e.what());
  }
  auto layer = settings_from(flat, path);
  if (!layer) return std::unexpected(layer.error().message);
  return *std::move(layer);
}

// A laptop's values; whatever is given beside --dev wins.
constexpr std::pair<const char*, const char*> dev_values[] = {
    {"node.developer_mode", "true"}, {"node.smp", "1"}, {"node.memory", "512MiB"}};

constexpr const char* about =
    "Starts a broker.\n\n"
    "  weir start --dev                      try it: data in ./weir-data, Kafka on 127.0.0.1:9092\n"
    "  weir start --config /etc/weir.yaml    a server\n"
    "  weir start --dev --set log.retention_ms=1h --set topics.partitions_default=6\n\n"
    "Flags win over the file, --set over both. The file is YAML with the option names below, "
    "nested or dotted.";

}  // namespace

std::expected<start_plan, early_exit> parse_command_line(std::vector<std::string> arguments) {
  CLI::App app{about, "weir start"};
  start_plan plan;
  std::string config;
  std::vector<std::string> sets;
  std::vector<std::string> seeds;
  std::vector<std::pair<const option_descriptor*, std::string>> given;
  for (const auto& option : all_options()) {
    if (!option.flag.empty() && option.flag != "dev" && option.flag != "seed")
      given.emplace_back(&option, "");
  }
  app.add_flag("--dev", plan.dev, "settings for a laptop: one core, 512 MiB");
  app.add_option("--config", config, "FILE  options from a YAML file");
  for (auto& [option, value] : given) {
    app.add_option("--" + std::string(option->flag), value, std::string(option->help));
  }
  app.add_option("--seed", seeds, "HOST:PORT  another broker of the cluster (repeatable)");
  app.add_option("--set", sets, "OPTION=VALUE  any option below (repeatable)");
  app.footer([] { return "Options:\n" + describe_help(); });
  app.set_version_flag("--version", std::string("weir ") + WEIR_VERSION);
  if (!arguments.empty() && arguments.front() == "start") arguments.erase(arguments.begin());
  std::ranges::reverse(arguments);  // as CLI11 wants a vector
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(early_exit{0, app.help()});
  } catch (const CLI::CallForVersion&) {
    return std::unexpected(early_exit{0, std::string("weir ") + WEIR_VERSION + "\n"});
  } catch (const CLI::ParseError& e) {
    return refused(std::string(e.what()) + " (weir start --help lists the flags)");
  }
  if (plan.dev) {
    for (const auto& [name, value] : dev_values) (void)apply_setting(plan.options, name, value);
  }
  if (!config.empty()) {
    const auto from_file = read_config(config);
    if (!from_file) return refused(from_file.error());
    for (const auto& [id, value] : from_file->values()) plan.options.set(id, value);
  }
  for (const auto& [option, value] : given) {
    if (value.empty()) continue;
    const auto name = "--" + std::string(option->flag);
    if (auto done = apply_setting(plan.options, option->name, value, name); !done)
      return refused(done.error().message);
  }
  std::string joined;
  for (const auto& seed : seeds) joined += (joined.empty() ? "" : ",") + seed;
  if (!joined.empty()) {
    if (auto done = apply_setting(plan.options, "node.seeds", joined, "--seed"); !done)
      return refused(done.error().message);
  }
  for (const auto& set : sets) {
    if (auto done = apply_assignment(plan.options, set); !done)
      return refused(done.error().message);
  }
  if (auto good = check_node({.node = &plan.options}); !good) return refused(good.error().message);
  return plan;
}

}  // namespace weir::app
