#include "core/options/layer.h"

#include <fmt/format.h>

#include <array>

namespace weir {
namespace {

struct placed_layer {
  const option_layer* layer;
  option_source source;
};

// From the highest down.
std::array<placed_layer, 6> in_order(const option_layers& layers) {
  return {{{layers.topic, option_source::topic},
           {layers.group, option_source::group},
           {layers.client_metrics, option_source::client_metrics},
           {layers.broker, option_source::broker},
           {layers.cluster, option_source::cluster},
           {layers.node, option_source::node}}};
}

template <typename Options>
Options typed(const option_layers& layers) {
  Options out;
  const auto order = in_order(layers);
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    if (!at->layer) continue;
    for (const auto& [id, value] : at->layer->values()) assign(out, id, value);
  }
  return out;
}

// Where Kafka's type is not that of our value.
constexpr std::pair<std::string_view, std::int8_t> other_types[] = {{"node.data_dir", 7},
                                                                    {"compaction.io_rate", 6},
                                                                    {"offsets.replicas", 4},
                                                                    {"share_states.replicas", 4},
                                                                    {"transaction.replicas", 4}};

std::int8_t kafka_type(const option_descriptor& option) {
  for (const auto& [name, type] : other_types) {
    if (name == option.name) return type;
  }
  switch (option.type) {
    case option_type::boolean:
      return 1;
    case option_type::integer:
    case option_type::bytes:
    case option_type::duration:
      return option.bits == 64 ? 5 : option.bits == 16 ? 4 : 3;
    case option_type::real:
      return 6;
    case option_type::string:
    case option_type::choice:
    case option_type::host_port:
      return 2;
    case option_type::list:
    case option_type::host_ports:
      return 7;
    case option_type::secret:
      return 9;
  }
  return 0;
}

std::string documentation(const option_descriptor& option) {
  if (option.inert.empty()) return std::string(option.help);
  return fmt::format("{} Accepted, but without effect: {}.", option.help, option.inert);
}

std::optional<std::string> shown(const option_descriptor& option, const option_value& value) {
  if (option.sensitive()) return std::nullopt;
  return format_value(option, value, text_form::kafka);
}

described_option describe(const option_descriptor& option, std::string_view name,
                          const option_layers& layers) {
  auto [value, source] = resolve(option.id, layers);
  described_option out{
      .name = std::string(name),
      .value = shown(option, value),
      .source = source,
      .read_only = option.scope == option_scope::node || option.applies == option_applies::restart,
      .sensitive = option.sensitive(),
      .kafka_type = kafka_type(option),
      .synonyms = {},
      .documentation = documentation(option),
  };
  const auto below = broker_config_name(option);
  for (const auto& [layer, at] : in_order(layers)) {
    const auto* set = layer ? layer->find(option.id) : nullptr;
    if (!set) continue;
    const bool own = at == option_source::topic || at == option_source::group ||
                     at == option_source::client_metrics;
    const auto under = own ? name : below;
    out.synonyms.push_back({std::string(under), shown(option, *set), at});
  }
  // Kafka has no broker option behind some topic options, and then names no default either.
  // Of a group it names the option itself.
  const bool unnamed = option.of_resources() && option.broker_name.empty();
  if (!unnamed || option.scope == option_scope::group) {
    out.synonyms.push_back({std::string(unnamed ? name : below),
                            shown(option, default_value(option)), option_source::declared});
  }
  return out;
}

std::vector<described_option> describe_resource(option_scope scope, const option_layers& layers) {
  std::vector<described_option> out;
  for (const auto& option : all_options()) {
    if (option.scope == scope) out.push_back(describe(option, topic_config_name(option), layers));
  }
  return out;
}

}  // namespace

resolved_option resolve(option_id id, const option_layers& layers) {
  for (const auto& [layer, source] : in_order(layers)) {
    if (const auto* value = layer ? layer->find(id) : nullptr) return {*value, source};
  }
  return {default_value(descriptor_of(id)), option_source::declared};
}

node_options resolve_node(const option_layers& layers) {
  return typed<node_options>(layers);
}
cluster_options resolve_cluster(const option_layers& layers) {
  return typed<cluster_options>(layers);
}
topic_options resolve_topic(const option_layers& layers) {
  return typed<topic_options>(layers);
}
group_options resolve_group(const option_layers& layers) {
  return typed<group_options>(layers);
}
client_metrics_options resolve_client_metrics(const option_layers& layers) {
  return typed<client_metrics_options>(layers);
}

std::vector<described_option> describe_topic(const option_layers& layers) {
  return describe_resource(option_scope::topic, layers);
}
std::vector<described_option> describe_group(const option_layers& layers) {
  return describe_resource(option_scope::group, layers);
}
std::vector<described_option> describe_client_metrics(const option_layers& layers) {
  return describe_resource(option_scope::client_metrics, layers);
}

std::vector<described_option> describe_broker(const option_layers& layers) {
  const option_layers below{
      .broker = layers.broker, .cluster = layers.cluster, .node = layers.node};
  std::vector<described_option> out;
  for (const auto& option : all_options()) {
    if (option.scope == option_scope::client_metrics) continue;
    out.push_back(describe(option, broker_config_name(option), below));
  }
  return out;
}

std::vector<described_option> describe_cluster_default(const option_layer& cluster) {
  std::vector<described_option> out;
  for (const auto& [id, value] : cluster.values()) {
    const auto& option = descriptor_of(id);
    auto one = describe(option, broker_config_name(option), {.cluster = &cluster});
    one.synonyms.resize(1);
    out.push_back(std::move(one));
  }
  return out;
}

std::map<std::string, std::string> layer_to_text(const option_layer& layer) {
  std::map<std::string, std::string> out;
  for (const auto& [id, value] : layer.values()) {
    const auto& option = descriptor_of(id);
    out.emplace(option.name, format_value(option, value, text_form::kafka));
  }
  return out;
}

option_layer layer_from_text(const std::map<std::string, std::string>& text,
                             std::vector<option_error>& dropped) {
  option_layer out;
  for (const auto& [name, value] : text) {
    const auto* option = find_option(name);
    if (!option) {
      dropped.push_back(
          {option_error_code::unknown_name, fmt::format("unknown option '{}'", name)});
      continue;
    }
    auto parsed = parse_value(*option, value, text_form::kafka);
    if (parsed) {
      out.set(option->id, *std::move(parsed));
    } else {
      dropped.push_back(std::move(parsed).error());
    }
  }
  return out;
}

}  // namespace weir
