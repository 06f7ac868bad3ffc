// IncrementalAlterConfigs (KIP-339): sets, unsets, appends, subtracts.
#include "core/codec/incremental_alter_configs.h"
#include "core/base/check.h"

#include "edge/kafka/alter_resources.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using asked_resource = kafka::incremental_alter_configs_request::resource;

std::optional<std::string_view> viewed(const std::optional<text>& value) {
  return value ? std::optional(value->view()) : std::nullopt;
}

config_change change_of(const asked_resource& asked) {
  return [&asked](const option_layers& now, option_source target) {
    std::vector<option_change> changes;
    for (const auto& c : asked.configs)
      changes.push_back({c.name.view(), c.config_operation, viewed(c.value)});
    return change_layer(now, target, changes);
  };
}

std::expected<void, config_refusal> set_levels(const asked_resource& asked, bool validate_only) {
  for (const auto& c : asked.configs) {
    const bool set = c.config_operation == static_cast<std::int8_t>(change_kind::set);
    if (!set && c.config_operation != static_cast<std::int8_t>(change_kind::unset)) {
      const bool append = c.config_operation == static_cast<std::int8_t>(change_kind::append);
      return std::unexpected(
          config_refusal{kafka::error_code::invalid_request,
                         fmt::format("{} operation is not allowed for the BROKER_LOGGER resource",
                                     append ? "APPEND" : "SUBTRACT")});
    }
    weir_try_void(
        set_logger_level(c.name.view(), set ? viewed(c.value) : std::nullopt, validate_only));
  }
  return {};
}

seastar::future<kafka::incremental_alter_configs_response> alter(
    services& with, const request&, kafka::incremental_alter_configs_request in) {
  co_return co_await alter_resources<kafka::incremental_alter_configs_response>(
      with, in, &change_of, &set_levels);
}

}  // namespace

seastar::future<answer> incremental_alter_configs(services& with, request r) {
  return serve<kafka::incremental_alter_configs_request, &alter>(with, std::move(r));
}

}  // namespace weir::edge
