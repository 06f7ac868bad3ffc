#include "edge/kafka/config_resource.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/log.hh>

#include "edge/kafka/errors.h"
#include "edge/kafka/topic_names.h"

namespace weir::edge {
namespace {

using kafka::error_code;

std::unexpected<config_refusal> refuse(error_code code, std::string message) {
  return std::unexpected(config_refusal{code, std::move(message)});
}

std::unexpected<config_refusal> refuse(error_code code) {
  return refuse(code, std::string(kafka::describe(code).message));
}

constexpr std::pair<std::string_view, seastar::log_level> levels[] = {
    {"TRACE", seastar::log_level::trace},
    {"DEBUG", seastar::log_level::debug},
    {"INFO", seastar::log_level::info},
    {"WARN", seastar::log_level::warn},
    {"ERROR", seastar::log_level::error}};

}  // namespace

std::expected<config_resource, config_refusal> find_resource(const cluster& state, std::int8_t kind,
                                                             std::string_view name) {
  const auto self = std::to_string(state.settings().self.value());
  switch (static_cast<resource_kind>(kind)) {
    case resource_kind::topic:
      if (auto fault = topic_name_fault(name))
        return refuse(error_code::invalid_topic_exception, *fault);
      if (!state.catalog().find(name)) return refuse(error_code::unknown_topic_or_partition);
      break;
    case resource_kind::broker:
      if (!name.empty() && name != self) {
        return refuse(
            error_code::invalid_request,
            fmt::format("Unexpected broker id, expected {} or empty string, but received {}", self,
                        name));
      }
      break;
    case resource_kind::broker_logger:
      if (name != self) {
        return refuse(error_code::invalid_request,
                      fmt::format("Unexpected broker id, expected {} but received {}", self, name));
      }
      break;
    case resource_kind::client_metrics:
    case resource_kind::group:
      break;
    default:
      return refuse(error_code::invalid_request,
                    fmt::format("Unsupported resource type: {}", kind));
  }
  return config_resource{static_cast<resource_kind>(kind), std::string(name)};
}

seastar::future<std::expected<void, config_refusal>> change_configs(services& with,
                                                                    config_resource resource,
                                                                    config_change change,
                                                                    bool validate_only) {
  using outcome = std::expected<void, config_refusal>;
  auto* asked = &change;  // lives until this coroutine ends, whichever shard calls it
  co_return co_await with.state.container().invoke_on(
      // invoke_on keeps the lambda until it has ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      0, [resource, asked, validate_only](cluster& zero) -> seastar::future<outcome> {
        const auto lock = co_await seastar::get_units(zero.config_changes(), 1);
        option_layers layers = zero.layers();
        auto target = option_source::cluster;
        stored::configs_changed command;
        command.resource_name = text(resource.name);
        if (resource.kind == resource_kind::topic) {
          const auto* t = zero.catalog().find(resource.name);
          if (!t) co_return outcome(refuse(error_code::unknown_topic_or_partition));
          layers.topic = &t->configs;
          target = option_source::topic;
          command.resource_type = catalog::topic_resource;
        } else {
          if (!resource.name.empty()) target = option_source::broker;
          command.resource_type = catalog::broker_resource;
        }
        const auto layer = (*asked)(layers, target);
        if (!layer) co_return outcome(refuse(code_of(layer.error().code), layer.error().message));
        if (validate_only) co_return outcome();
        for (const auto& [name, value] : layer_to_text(*layer)) {
          auto& set = command.configs.emplace_back();
          set.name = text(name);
          set.value = text(value);
        }
        const auto done = co_await zero.execute(std::move(command));
        if (!done) co_return outcome(refuse(code_of(done.error())));
        co_return outcome();
      });
}

std::vector<std::pair<std::string, std::string>> logger_levels() {
  std::vector<std::pair<std::string, std::string>> all;
  auto& registry = seastar::global_logger_registry();
  for (const auto& name : registry.get_all_logger_names()) {
    const auto level = registry.get_logger_level(name);
    for (const auto& [word, value] : levels) {
      if (value == level) all.emplace_back(std::string(name), std::string(word));
    }
  }
  return all;
}

std::expected<void, config_refusal> set_logger_level(std::string_view logger,
                                                     std::optional<std::string_view> level,
                                                     bool validate_only) {
  const auto names = logger_levels();
  if (std::ranges::none_of(names, [&](const auto& n) { return n.first == logger; })) {
    return refuse(error_code::invalid_config, fmt::format("Logger {} does not exist!", logger));
  }
  const auto word = level.value_or("INFO");  // taken back: what it starts with
  const auto* at = std::ranges::find(levels, word, [](const auto& l) { return l.first; });
  if (at == std::end(levels)) {
    return refuse(error_code::invalid_config,
                  fmt::format("Cannot set the log level of {} to {} as it is not a supported log "
                              "level. Valid log levels are "
                              "TRACE, DEBUG, INFO, WARN, ERROR",
                              logger, word));
  }
  if (!validate_only)
    seastar::global_logger_registry().set_logger_level(seastar::sstring(logger), at->second);
  return {};
}

}  // namespace weir::edge
