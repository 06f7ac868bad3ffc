#pragma once
// Where values come from. A layer holds what was set in one place; layers stand above each other:
// the topic's own, this broker's, the cluster's, the file and flags of the process, the declared
// default. The highest one that has a value wins.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/options/declared.h"
#include "core/options/value.h"

namespace weir {

class option_layer {
 public:
  // Null when not set here.
  [[nodiscard]] const option_value* find(option_id id) const {
    const auto at = values_.find(id);
    return at == values_.end() ? nullptr : &at->second;
  }
  // The value must come from parse_value of the same option.
  void set(option_id id, option_value value) { values_.insert_or_assign(id, std::move(value)); }
  void unset(option_id id) { values_.erase(id); }
  [[nodiscard]] bool empty() const { return values_.empty(); }
  [[nodiscard]] const std::map<option_id, option_value>& values() const { return values_; }
  bool operator==(const option_layer&) const = default;

 private:
  std::map<option_id, option_value> values_;
};

// The numbers are those of DescribeConfigs (KIP-226).
enum class option_source : std::int8_t {
  topic = 1,
  broker = 2,
  cluster = 3,
  node = 4,
  declared = 5,
  client_metrics = 7,
  group = 8,
};

// Views; a null layer is an empty one.
struct option_layers {
  const option_layer* topic = nullptr;
  const option_layer* broker = nullptr;
  const option_layer* cluster = nullptr;
  const option_layer* node = nullptr;
  const option_layer* group = nullptr;
  const option_layer* client_metrics = nullptr;
};

struct resolved_option {
  option_value value;
  option_source source;
};
resolved_option resolve(option_id id, const option_layers& layers);

// Typed views of the whole scope.
node_options resolve_node(const option_layers& layers);
cluster_options resolve_cluster(const option_layers& layers);
topic_options resolve_topic(const option_layers& layers);
group_options resolve_group(const option_layers& layers);
client_metrics_options resolve_client_metrics(const option_layers& layers);

// One entry of a DescribeConfigs answer. Values are in Kafka's form; none for secrets.
struct option_synonym {
  std::string name;
  std::optional<std::string> value;
  option_source source;
};
struct described_option {
  std::string name;
  std::optional<std::string> value;
  option_source source;
  bool read_only;
  bool sensitive;
  std::int8_t
      kafka_type;  // BOOLEAN 1, STRING 2, INT 3, SHORT 4, LONG 5, DOUBLE 6, LIST 7, PASSWORD 9
  std::vector<option_synonym> synonyms;  // from the highest layer down
  std::string documentation;
};
// Every topic option, under Kafka's topic names.
std::vector<described_option> describe_topic(const option_layers& layers);
// Every option of a group, and of a subscription of client metrics.
std::vector<described_option> describe_group(const option_layers& layers);
std::vector<described_option> describe_client_metrics(const option_layers& layers);
// Every option that brokers have, under Kafka's broker names; the layers of resources are not
// looked at.
std::vector<described_option> describe_broker(const option_layers& layers);
// What was set for all brokers and nothing else, as asked with an empty broker name.
std::vector<described_option> describe_cluster_default(const option_layer& cluster);

// Layers as text, for storing: Kafka's form under Weir's names.
std::map<std::string, std::string> layer_to_text(const option_layer& layer);
// Reads that back. Unknown names and values that are no longer allowed are left out and told in
// `dropped`: a newer version may have written them, and a broker must start.
option_layer layer_from_text(const std::map<std::string, std::string>& text,
                             std::vector<option_error>& dropped);

}  // namespace weir
