#include "core/options/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <vector>

#include "core/base/check.h"
#include "core/options/number.h"

namespace weir {
namespace {

using changed = std::expected<option_layer, option_error>;
using checked = std::expected<void, option_error>;

std::unexpected<option_error> refuse(option_error_code code, std::string message) {
  return std::unexpected(option_error{code, std::move(message)});
}

// What differs between the kinds of resources.
struct subject {
  const option_layers& layers;
  option_source target;  // the layer that changes

  // Nothing: a broker's.
  [[nodiscard]] std::optional<option_scope> scope() const {
    switch (target) {
      case option_source::topic:
        return option_scope::topic;
      case option_source::group:
        return option_scope::group;
      case option_source::client_metrics:
        return option_scope::client_metrics;
      case option_source::broker:
      case option_source::cluster:
      case option_source::node:
      case option_source::declared:
        break;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool broker() const { return !scope(); }
  [[nodiscard]] const option_descriptor* find(std::string_view name) const {
    const auto of = scope();
    if (of) return find_resource_config(*of, name);
    const auto* option = find_broker_config(name);
    return option && option->scope == option_scope::client_metrics ? nullptr : option;
  }
  [[nodiscard]] std::string_view name_of(const option_descriptor& option) const {
    return broker() ? broker_config_name(option) : topic_config_name(option);
  }
  [[nodiscard]] option_error unknown(std::string_view name) const {
    using enum option_error_code;
    const auto of = scope();
    if (!of) return {unknown_name, fmt::format("Unknown broker config name: {}", name)};
    if (*of == option_scope::client_metrics)
      return {invalid_request, fmt::format("Unknown client metrics configuration: {}", name)};
    return {unknown_name, fmt::format("Unknown {} config name: {}",
                                      *of == option_scope::topic ? "topic" : "group", name)};
  }
  // Null: an empty layer.
  [[nodiscard]] const option_layer* layer() const {
    switch (target) {
      case option_source::topic:
        return layers.topic;
      case option_source::broker:
        return layers.broker;
      case option_source::cluster:
        return layers.cluster;
      case option_source::group:
        return layers.group;
      case option_source::client_metrics:
        return layers.client_metrics;
      case option_source::node:
      case option_source::declared:
        break;
    }
    weir_check(false, "changes of source {} come from no client", static_cast<int>(target));
    return nullptr;
  }
  // The layers as they would be with `layer` in the target's place.
  [[nodiscard]] option_layers with(const option_layer& layer) const {
    option_layers out{.broker = layers.broker, .cluster = layers.cluster, .node = layers.node};
    (target == option_source::topic            ? out.topic
     : target == option_source::group          ? out.group
     : target == option_source::client_metrics ? out.client_metrics
     : target == option_source::broker         ? out.broker
                                               : out.cluster) = &layer;
    return out;
  }
};

checked no_name_twice(std::span<const option_change> changes) {
  std::unordered_set<std::string_view> names;
  for (const auto& change : changes) {
    if (!names.insert(change.name).second) {
      return refuse(option_error_code::invalid_request, "Error due to duplicate config keys");
    }
  }
  return {};
}

bool has_kind(const option_change& change, change_kind kind) {
  return change.kind == static_cast<std::int8_t>(kind);
}

// What can be said without knowing the options: KIP-339 wants these told first.
checked well_formed(std::span<const option_change> changes) {
  weir_try_void(no_name_twice(changes));
  std::vector<std::string_view> nulls;
  for (const auto& change : changes) {
    if (change.kind < 0 || change.kind > static_cast<std::int8_t>(change_kind::subtract)) {
      return refuse(
          option_error_code::invalid_request,
          fmt::format("Unknown operation {} for configuration {}", change.kind, change.name));
    }
    if (!change.value && !has_kind(change, change_kind::unset)) nulls.push_back(change.name);
  }
  if (nulls.empty()) return {};
  return refuse(option_error_code::invalid_request,
                fmt::format("Null value not supported for : {}", fmt::join(nulls, ", ")));
}

checked all_known(const subject& of, std::span<const option_change> changes) {
  std::vector<std::string_view> fixed;
  for (const auto& change : changes) {
    const auto* option = of.find(change.name);
    // Removing what can't be there is done already.
    if (!option && has_kind(change, change_kind::unset)) continue;
    if (!option) return std::unexpected(of.unknown(change.name));
    if (option->scope == option_scope::node || option->applies == option_applies::restart) {
      fixed.push_back(change.name);
    }
  }
  if (fixed.empty()) return {};
  return refuse(
      option_error_code::not_changeable,
      fmt::format("Cannot update these configs dynamically: [{}]", fmt::join(fixed, ", ")));
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const auto comma = text.find(',');
    out.push_back(trim(text.substr(0, comma)));
    if (comma == text.npos) return out;
    text.remove_prefix(comma + 1);
  }
}

checked change_list(const subject& of, const option_descriptor& option, const option_change& change,
                    option_layer& layer) {
  const bool append = has_kind(change, change_kind::append);
  if (option.type != option_type::list) {
    return refuse(option_error_code::invalid_value,
                  of.broker() ? fmt::format("Config value {} is not allowed for config key: {}",
                                            append ? "append" : "subtract", change.name)
                              : fmt::format("Can't {} to key {} because its type is not LIST.",
                                            append ? "APPEND" : "SUBTRACT", change.name));
  }
  // Lists grow and shrink from what is in force, be it set here or below.
  auto now = resolve(option.id, of.with(layer)).value;
  auto& parts = std::get<std::vector<std::string>>(now);
  if (append) {
    auto text = parts.empty() ? std::string(*change.value)
                              : fmt::format("{},{}", fmt::join(parts, ","), *change.value);
    layer.set(option.id, weir_try(parse_value(option, text, text_form::kafka, of.name_of(option))));
    return {};
  }
  const auto gone = split(*change.value);
  std::erase_if(
      parts, [&](const auto& part) { return std::ranges::contains(gone, std::string_view(part)); });
  layer.set(option.id, std::move(now));
  return {};
}

checked apply(const subject& of, const option_change& change, option_layer& layer) {
  const auto* option = of.find(change.name);
  if (!option) return {};  // all_known let only removals through
  switch (static_cast<change_kind>(change.kind)) {
    case change_kind::set:
      layer.set(option->id, weir_try(parse_value(*option, *change.value, text_form::kafka,
                                                 of.name_of(*option))));
      return {};
    case change_kind::unset:
      layer.unset(option->id);
      return {};
    case change_kind::append:
    case change_kind::subtract:
      return change_list(of, *option, change, layer);
  }
  return {};
}

changed apply_all(const subject& of, option_layer layer, std::span<const option_change> changes) {
  weir_try_void(all_known(of, changes));
  for (const auto& change : changes) weir_try_void(apply(of, change, layer));
  const auto after = of.with(layer);
  if (of.target == option_source::client_metrics) {
    weir_try_void(check_client_metrics(after));
    return layer;
  }
  // A broker's layer may hold defaults of both.
  if (of.target != option_source::group) weir_try_void(check_topic(after));
  if (of.target != option_source::topic) weir_try_void(check_group(after));
  return layer;
}

std::vector<option_change> as_changes(std::span<const option_setting> settings) {
  std::vector<option_change> out;
  out.reserve(settings.size());
  for (const auto& [name, value] : settings) {
    out.push_back({name, static_cast<std::int8_t>(change_kind::set), value});
  }
  return out;
}

// Kafka tells of a bad topic value as a bad configuration, of a bad broker value as a bad request.
changed as_broker(changed result) {
  if (!result && result.error().code == option_error_code::invalid_value &&
      !result.error().message.starts_with("Config value ")) {
    result.error().code = option_error_code::invalid_request;
  }
  return result;
}

option_layer start_of(const subject& of) {
  const auto* layer = of.layer();
  return layer ? *layer : option_layer{};
}

}  // namespace

changed change_topic(const option_layers& below, std::span<const option_change> changes) {
  const subject of{below, option_source::topic};
  weir_try_void(well_formed(changes));
  return apply_all(of, start_of(of), changes);
}

changed new_topic(const option_layers& below, std::span<const option_setting> settings) {
  std::vector<std::string_view> nulls;
  for (const auto& setting : settings) {
    if (!setting.value) nulls.push_back(setting.name);
  }
  if (!nulls.empty()) {
    return refuse(
        option_error_code::invalid_value,
        fmt::format("Null value not supported for topic configs: {}", fmt::join(nulls, ",")));
  }
  // CreateTopics lets a name come twice; the last one counts.
  std::vector<option_setting> last;
  for (const auto& setting : settings) {
    std::erase_if(last, [&](const auto& before) { return before.name == setting.name; });
    last.push_back(setting);
  }
  return replace_topic(below, last);
}

changed replace_topic(const option_layers& below, std::span<const option_setting> settings) {
  const auto changes = as_changes(settings);
  weir_try_void(well_formed(changes));
  return apply_all({below, option_source::topic}, {}, changes);
}

changed change_broker(const option_layers& now, option_source target,
                      std::span<const option_change> changes) {
  const subject of{now, target};
  weir_try_void(well_formed(changes));
  return as_broker(apply_all(of, start_of(of), changes));
}

changed replace_broker(const option_layers& now, option_source target,
                       std::span<const option_setting> settings) {
  const auto changes = as_changes(settings);
  weir_try_void(well_formed(changes));
  return as_broker(apply_all({now, target}, {}, changes));
}

changed change_layer(const option_layers& now, option_source target,
                     std::span<const option_change> changes) {
  const subject of{now, target};
  if (of.broker()) return change_broker(now, target, changes);
  weir_try_void(well_formed(changes));
  return apply_all(of, start_of(of), changes);
}

changed replace_layer(const option_layers& now, option_source target,
                      std::span<const option_setting> settings) {
  if (subject{now, target}.broker()) return replace_broker(now, target, settings);
  const auto changes = as_changes(settings);
  weir_try_void(well_formed(changes));
  return apply_all({now, target}, {}, changes);
}

checked check_topic(const option_layers& layers) {
  const auto topic = resolve_topic(layers);
  if (topic.compaction_lag_ms_min > topic.compaction_lag_ms_max) {
    return refuse(
        option_error_code::invalid_value,
        fmt::format("conflict topic config setting min.compaction.lag.ms ({}) > "
                    "max.compaction.lag.ms ({})",
                    topic.compaction_lag_ms_min.count(), topic.compaction_lag_ms_max.count()));
  }
  if (topic.remote_storage) {
    return refuse(option_error_code::invalid_value,
                  "Tiered Storage functionality is disabled in the broker. Topic cannot be "
                  "configured with remote log storage.");
  }
  return {};
}

checked check_node(const option_layers& layers) {
  const auto node = resolve_node(layers);
  const auto bad = [](std::string message) {
    return refuse(option_error_code::invalid_value, std::move(message));
  };
  if (node.node_data_dir.empty()) return bad("option node.data_dir: names no directory");
  if (node.kafka_listen.empty()) return bad("option kafka.listen: names no address");
  if (!node.kafka_advertise.empty() && node.kafka_advertise.size() != node.kafka_listen.size()) {
    return bad(fmt::format("option kafka.advertise: {} addresses for the {} of kafka.listen",
                           node.kafka_advertise.size(), node.kafka_listen.size()));
  }
  for (const auto& at : node.kafka_advertise) {
    if (at.port == 0) return bad("option kafka.advertise: port 0 cannot be told to clients");
  }
  if (node.kafka_request_memory_share + node.store_cache_share > 0.95) {
    return bad(fmt::format(
        "options kafka.request_memory_share ({}) and store.cache_share ({}): together above 0.95",
        node.kafka_request_memory_share, node.store_cache_share));
  }
  const auto cluster = resolve_cluster(layers);
  if (cluster.group_session_ms_min > cluster.group_session_ms_max) {
    return bad("option group.session_ms_min: above group.session_ms_max");
  }
  weir_try_void(check_group(layers));
  weir_try_void(check_client_metrics(layers));
  return check_topic(layers);
}

}  // namespace weir
