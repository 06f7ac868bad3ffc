#pragma once
// What configs can belong to, and changing them: shared by DescribeConfigs, AlterConfigs and
// IncrementalAlterConfigs.
#include <expected>
#include <functional>
#include <string>

#include "core/codec/error_code.h"
#include "core/options/change.h"
#include "edge/kafka/services.h"

namespace weir::edge {

// Kafka's numbers.
enum class resource_kind : std::int8_t {
  topic = 2,
  broker = 4,
  broker_logger = 8,
  client_metrics = 16,
  group = 32
};

struct config_refusal {
  kafka::error_code code;
  std::string message;
};

struct config_resource {
  resource_kind kind;
  std::string name;  // a topic's, a group's…; a broker's number, empty for all brokers
};

// Whether this broker knows the resource, for who wants to see its configs or to change them: Kafka
// has different words for the two.
enum class config_use : std::uint8_t { describe, alter };
std::expected<config_resource, config_refusal> find_resource(const cluster& state, std::int8_t kind,
                                                             std::string_view name, config_use use);

// What the resource's own layer becomes of the layers now.
using config_change = std::function<std::expected<option_layer, option_error>(
    const option_layers&, option_source target)>;

// Works the change out and, unless it is only to be validated, stores it; again where another
// broker changed the resource meanwhile, so that no change is lost between reading and storing.
seastar::future<std::expected<void, config_refusal>> change_configs(services& with,
                                                                    config_resource resource,
                                                                    config_change change,
                                                                    bool validate_only);

// Log levels as configs of the resource broker_logger.
std::vector<std::pair<std::string, std::string>> logger_levels();
std::expected<void, config_refusal> set_logger_level(std::string_view logger,
                                                     std::optional<std::string_view> level,
                                                     bool validate_only);

}  // namespace weir::edge
