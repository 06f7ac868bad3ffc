#pragma once
// Changes that clients ask for (CreateTopics, AlterConfigs, IncrementalAlterConfigs of KIP-339),
// with the checks and messages of Apache Kafka. Nothing is changed in place: each gives the layer
// as it would be, so that asking with validate-only and doing it are the same call.
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "core/options/layer.h"

namespace weir {

// The numbers are those of IncrementalAlterConfigs.
enum class change_kind : std::int8_t { set = 0, unset = 1, append = 2, subtract = 3 };

struct option_change {
  std::string_view name;
  std::int8_t kind;  // a change_kind, unchecked as it came from the client
  std::optional<std::string_view> value;
};

struct option_setting {
  std::string_view name;
  std::optional<std::string_view> value;
};

// The topic's layer after `changes`; `below.topic` is that layer now.
std::expected<option_layer, option_error> change_topic(const option_layers& below,
                                                       std::span<const option_change> changes);
// A topic's layer made of `settings` alone: a new topic, or AlterConfigs, which replaces
// everything. The two differ in what they say of a missing value.
std::expected<option_layer, option_error> new_topic(const option_layers& below,
                                                    std::span<const option_setting> settings);
std::expected<option_layer, option_error> replace_topic(const option_layers& below,
                                                        std::span<const option_setting> settings);

// The same for a broker's options. `target` is broker (one broker's own layer) or cluster (the
// default for all brokers).
std::expected<option_layer, option_error> change_broker(const option_layers& now,
                                                        option_source target,
                                                        std::span<const option_change> changes);
std::expected<option_layer, option_error> replace_broker(const option_layers& now,
                                                         option_source target,
                                                         std::span<const option_setting> settings);

// The same for whatever `target` is, by its own rules: of a topic, a broker, all brokers, a group,
// a subscription of client metrics. The layers of other resources are not looked at.
std::expected<option_layer, option_error> change_layer(const option_layers& now,
                                                       option_source target,
                                                       std::span<const option_change> changes);
std::expected<option_layer, option_error> replace_layer(const option_layers& now,
                                                        option_source target,
                                                        std::span<const option_setting> settings);

// Rules that tie several options of a topic together.
std::expected<void, option_error> check_topic(const option_layers& layers);
// Of a group, whose options also have to keep to the bounds that the cluster sets.
std::expected<void, option_error> check_group(const option_layers& layers);
std::expected<void, option_error> check_client_metrics(const option_layers& layers);
std::expected<void, option_error> check_node(const option_layers& layers);

}  // namespace weir
