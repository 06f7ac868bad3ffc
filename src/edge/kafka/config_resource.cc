#include "edge/kafka/config_resource.h"

#include <seastar/core/coroutine.hh>
#include <seastar/util/log.hh>

#include <charconv>

#include "core/telemetry/subscriptions.h"
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

using outcome = std::expected<void, config_refusal>;

// How often a change is worked out anew because another broker was faster.
constexpr int tries_max = 100;
constexpr std::size_t name_max = 255;
constexpr std::size_t subscriptions_max = 1000;
constexpr std::size_t groups_max = 100'000;

std::optional<std::string> name_fault(resource_kind kind, std::string_view name, config_use use) {
  const bool group = kind == resource_kind::group;
  if (name.empty()) {
    if (use == config_use::alter)
      return group ? "Default group resources are not allowed."
                   : "Subscription name can't be empty";
    return group ? "Group name must not be empty"
                 : "Client metrics subscription name must not be empty";
  }
  if (name.size() <= name_max) return std::nullopt;
  return fmt::format("a name is at most {} bytes long", name_max);
}

// This broker's number, or for configs of all brokers nothing.
std::optional<std::string> broker_fault(const cluster& state, resource_kind kind,
                                        std::string_view name, config_use use) {
  const bool alter = use == config_use::alter;
  const bool logger = kind == resource_kind::broker_logger;
  const auto self = std::to_string(state.settings().self.value());
  if (name == self || (name.empty() && !logger)) return std::nullopt;
  if (name.empty() && !alter) return "Broker id must not be empty";
  std::int32_t number = 0;
  const auto* const end = name.data() + name.size();
  const auto [stop, wrong] = std::from_chars(name.data(), end, number);
  if (wrong != std::errc() || stop != end)
    return fmt::format("{} id must be an integer, but it is: {}", alter ? "Node" : "Broker", name);
  const std::string_view expected = logger && alter ? "node id. Expected" : "broker id, expected";
  const std::string_view also = logger && !alter    ? ""
                                : !logger && !alter ? " or empty string,"
                                                    : ",";
  return fmt::format("Unexpected {} {}{} but received {}", expected, self, also, name);
}

// Where the configs of a resource are: the layers with its own one, and which of them that is.
struct config_place {
  option_layers layers;
  option_source own;
};

std::expected<config_place, config_refusal> place_of(const cluster& state,
                                                     const config_resource& resource) {
  switch (resource.kind) {
    case resource_kind::topic: {
      const auto* t = state.catalog().find(resource.name);
      if (!t) return refuse(error_code::unknown_topic_or_partition);
      return config_place{state.layers(&t->configs), option_source::topic};
    }
    case resource_kind::group:
      return config_place{state.layers_of_group(resource.name), option_source::group};
    case resource_kind::client_metrics:
      return config_place{state.layers_of_client_metrics(resource.name),
                          option_source::client_metrics};
    case resource_kind::broker:
    case resource_kind::broker_logger:
      break;
  }
  return config_place{state.layers(),
                      resource.name.empty() ? option_source::cluster : option_source::broker};
}

// What core/options can't look at: patterns, and how many resources there are.
outcome check_made(const cluster& state, const config_resource& resource,
                   const option_layer& made) {
  const auto too_many = [&](const catalog::named_configs& all, std::size_t most) {
    return all.size() >= most && !all.contains(resource.name) && !made.empty();
  };
  if (resource.kind == resource_kind::group &&
      too_many(state.catalog().group_configs(), groups_max))
    return refuse(error_code::invalid_request, "too many groups have configs of their own");
  if (resource.kind != resource_kind::client_metrics) return {};
  if (too_many(state.catalog().client_metrics_configs(), subscriptions_max))
    return refuse(error_code::invalid_request, "there are too many client metrics subscriptions");
  const auto matches =
      telemetry::parse_matches(resolve_client_metrics({.client_metrics = &made}).match);
  if (!matches) return refuse(error_code::invalid_config, matches.error());
  return {};
}

// On shard 0.
seastar::future<outcome> change_here(cluster& zero, const config_resource* resource,
                                     const config_change* change, bool validate_only) {
  const auto lock = co_await seastar::get_units(zero.config_changes(), 1);
  for (int tries = 1;; ++tries) {
    const auto place = place_of(zero, *resource);
    if (!place) co_return std::unexpected(place.error());
    const auto layer = (*change)(place->layers, place->own);
    if (!layer) co_return refuse(code_of(layer.error().code), layer.error().message);
    if (auto good = check_made(zero, *resource, *layer); !good) co_return good;
    if (validate_only) co_return outcome();
    stored::configs_changed command;
    command.resource_type = static_cast<std::int8_t>(resource->kind);
    command.resource_name = text(resource->name);
    command.was = zero.catalog().configs_version(command.resource_type, resource->name);
    for (const auto& [name, value] : layer_to_text(*layer)) {
      auto& set = command.configs.emplace_back();
      set.name = text(name);
      set.value = text(value);
    }
    const auto done = co_await zero.execute(std::move(command));
    if (done) co_return outcome();
    if (done.error() != command_error::stale || tries == tries_max)
      co_return refuse(code_of(done.error()));
  }
}

}  // namespace

std::expected<config_resource, config_refusal> find_resource(const cluster& state, std::int8_t kind,
                                                             std::string_view name,
                                                             config_use use) {
  const bool alter = use == config_use::alter;
  switch (static_cast<resource_kind>(kind)) {
    case resource_kind::topic:
      if (auto fault = topic_name_fault(name))
        return refuse(error_code::invalid_topic_exception, *fault);
      if (!state.catalog().find(name)) {
        return refuse(error_code::unknown_topic_or_partition,
                      alter ? fmt::format("The topic '{}' does not exist.", name) : "");
      }
      break;
    case resource_kind::broker:
    case resource_kind::broker_logger:
      if (auto fault = broker_fault(state, static_cast<resource_kind>(kind), name, use))
        return refuse(error_code::invalid_request, *std::move(fault));
      break;
    case resource_kind::client_metrics:
    case resource_kind::group:
      if (auto fault = name_fault(static_cast<resource_kind>(kind), name, use))
        return refuse(error_code::invalid_request, *std::move(fault));
      break;
    default:
      if (alter)
        return refuse(error_code::invalid_request, fmt::format("Unknown resource type {}", kind));
      return refuse(error_code::invalid_request);
  }
  return config_resource{static_cast<resource_kind>(kind), std::string(name)};
}

seastar::future<std::expected<void, config_refusal>> change_configs(services& with,
                                                                    config_resource resource,
                                                                    config_change change,
                                                                    bool validate_only) {
  // Both live until this coroutine ends, whichever shard looks at them.
  const auto* of = &resource;
  const auto* asked = &change;
  co_return co_await with.state.container().invoke_on(0, [of, asked, validate_only](cluster& zero) {
    return change_here(zero, of, asked, validate_only);
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
