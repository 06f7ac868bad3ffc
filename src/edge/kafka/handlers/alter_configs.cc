// AlterConfigs: replaces all that was set on a resource. Clients are told to use
// IncrementalAlterConfigs instead.
#include "core/codec/alter_configs.h"

#include "edge/kafka/alter_resources.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using asked_resource = kafka::alter_configs_request::resource;

config_change change_of(const asked_resource& asked) {
  return [&asked](const option_layers& now, option_source target) {
    std::vector<option_setting> settings;
    for (const auto& c : asked.configs) {
      settings.push_back({c.name.view(), c.value ? std::optional(c.value->view()) : std::nullopt});
    }
    return replace_layer(now, target, settings);
  };
}

std::expected<void, config_refusal> no_levels(const asked_resource&, bool) {
  // As Kafka has it: they can be changed by IncrementalAlterConfigs alone.
  return std::unexpected(
      config_refusal{kafka::error_code::invalid_request, "Unknown resource type 8"});
}

seastar::future<kafka::alter_configs_response> alter(services& with, const request&,
                                                     kafka::alter_configs_request in) {
  co_return co_await alter_resources<kafka::alter_configs_response>(with, in, &change_of,
                                                                    &no_levels);
}

}  // namespace

seastar::future<answer> alter_configs(services& with, request r) {
  return serve<kafka::alter_configs_request, &alter>(with, std::move(r));
}

}  // namespace weir::edge
