// DescribeConfigs, with sources, synonyms and documentation (KIP-226, KIP-569).
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>

#include "core/codec/describe_configs.h"
#include "edge/kafka/broker_configs.h"
#include "edge/kafka/config_resource.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using asked_resource = kafka::describe_configs_request::resource;
using told_resource = kafka::describe_configs_response::result;
using told_config = kafka::describe_configs_response::config;

constexpr std::int8_t broker_logger_source = 6;  // DYNAMIC_BROKER_LOGGER_CONFIG
// Of one answer: all of ten thousand topics. A small request may name a large resource many times.
constexpr std::size_t configs_max = 400'000;

std::optional<text> nullable(const std::optional<std::string>& value) {
  return value ? std::optional(text(*value)) : std::nullopt;
}

void tell(const described_option& option, const kafka::describe_configs_request& in,
          told_config& out) {
  out.name = text(option.name);
  out.value = nullable(option.value);
  out.read_only = option.read_only;
  out.config_source = static_cast<std::int8_t>(option.source);
  out.is_sensitive = option.sensitive;
  out.config_type = option.kafka_type;
  out.documentation =
      in.include_documentation ? std::optional(text(option.documentation)) : std::nullopt;
  if (!in.include_synonyms) return;
  for (const auto& synonym : option.synonyms) {
    auto& s = out.synonyms.emplace_back();
    s.name = text(synonym.name);
    s.value = nullable(synonym.value);
    s.source = static_cast<std::int8_t>(synonym.source);
  }
}

std::vector<described_option> options_of(const cluster& state, const config_resource& resource) {
  switch (resource.kind) {
    case resource_kind::topic:
      return describe_topic(state.layers(&state.catalog().find(resource.name)->configs));
    case resource_kind::broker:
      return resource.name.empty() ? describe_cluster_default(state.catalog().cluster_configs())
                                   : describe_this_broker(state);
    case resource_kind::client_metrics:
      return describe_client_metrics(state.layers_of_client_metrics(resource.name));
    case resource_kind::group:
      return describe_group(state.layers_of_group(resource.name));
    case resource_kind::broker_logger:
      return {};
  }
  return {};
}

void describe(services& with, const asked_resource& asked,
              const kafka::describe_configs_request& in, told_resource& out) {
  out.resource_type = asked.resource_type;
  out.resource_name = asked.resource_name;
  const auto resource = find_resource(with.state, asked.resource_type, asked.resource_name.view(),
                                      config_use::describe);
  if (!resource) {
    out.error = resource.error().code;
    out.error_message = text(resource.error().message);
    with.meters.failed(out.error);
    return;
  }
  const auto wanted = [&](std::string_view name) {
    return !asked.configuration_keys || asked.configuration_keys->empty() ||
           std::ranges::any_of(*asked.configuration_keys, [&](const text& k) { return k == name; });
  };
  for (const auto& option : options_of(with.state, *resource)) {
    if (wanted(option.name)) tell(option, in, out.configs.emplace_back());
  }
  if (resource->kind != resource_kind::broker_logger) return;
  for (const auto& [name, level] : logger_levels()) {
    if (!wanted(name)) continue;
    auto& c = out.configs.emplace_back();
    c.name = text(name);
    c.value = text(level);
    c.config_source = broker_logger_source;
  }
}

seastar::future<kafka::describe_configs_response> describe_all(services& with, const request&,
                                                               kafka::describe_configs_request in) {
  kafka::describe_configs_response out;
  std::size_t configs = 0;
  for (const auto& asked : in.resources) {
    if (configs > configs_max)
      throw protocol_violation("configs of more resources than one answer can hold are asked for");
    describe(with, asked, in, out.results.emplace_back());
    configs += out.results.back().configs.size();
    co_await seastar::coroutine::maybe_yield();
  }
  co_return out;
}

}  // namespace

seastar::future<answer> describe_configs(services& with, request r) {
  return serve<kafka::describe_configs_request, &describe_all>(with, std::move(r));
}

}  // namespace weir::edge
