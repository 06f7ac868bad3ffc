#pragma once
// Options: everything that a user can set, declared once in decl/options/*.opt. gen/options.py
// makes from that the table of descriptors below and typed structs (core/options/declared.h).
//
// Names: an option has Weir's name (`log.segment_bytes`) and, where Kafka has the same thing,
// Kafka's: `kafka_name` is the topic's for topic options (`segment.bytes`) and the broker's for
// others; `broker_name` (`log.segment.bytes`) addresses a topic option's default for the whole
// cluster.
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class option_id : std::uint16_t;  // one per declared option, in declared.h

enum class option_type : std::uint8_t {
  boolean,
  integer,
  real,
  bytes,
  duration,  // milliseconds
  string,
  choice,  // one of `choices`
  list,    // of strings; of `choices` or of replicas where so declared
  host_port,
  host_ports,
  secret,
};

enum class option_scope : std::uint8_t {
  node,            // this process: flags and the file that it starts with
  cluster,         // every broker, changed while running
  topic,           // each topic, with a default for the cluster
  group,           // each group of consumers, with a default for the cluster
  client_metrics,  // each subscription of client metrics (KIP-714)
};

enum class option_applies : std::uint8_t { live, restart };

// A word that stands for a number: "unlimited" for -1.
struct option_word {
  std::string_view word;
  std::int64_t number;
};

struct option_descriptor {
  option_id id;
  std::string_view name;
  std::string_view kafka_name;  // empty: Kafka has no such option
  std::string_view
      broker_name;  // of topics and groups; empty: Kafka has no default for the cluster
  option_type type;
  std::uint8_t bits;              // integer, bytes, duration: 16, 32 or 64, as wide as Kafka's
  std::string_view default_text;  // Weir's form
  std::optional<double> least;    // bounds, inclusive, of real
  std::optional<double> most;
  std::optional<std::int64_t> min;  // bounds, inclusive, of the other numbers
  std::optional<std::int64_t> max;
  std::optional<std::int64_t> or_equal;  // allowed beside the range
  std::span<const std::string_view> choices;
  std::span<const option_word> words;
  bool replicas;  // a list of partition:broker pairs, or *
  option_scope scope;
  option_applies applies;
  std::string_view extreme;  // what the simulator may choose; may lie outside the range
  std::string_view flag;     // `weir start --flag`, empty without one of its own
  std::string_view help;     // sentences, lines joined
  std::string_view inert;    // not empty: accepted for compatibility, nothing acts on it; why

  [[nodiscard]] bool sensitive() const { return type == option_type::secret; }
  // Belongs to a kind of resource and not to brokers.
  [[nodiscard]] bool of_resources() const {
    return scope == option_scope::topic || scope == option_scope::group ||
           scope == option_scope::client_metrics;
  }
};

enum class option_error_code : std::uint8_t {
  unknown_name,     // no such option
  invalid_value,    // text that is no value, or outside the range, or in conflict with another
  invalid_request,  // the change itself makes no sense: no value given, a name twice
  not_changeable,   // known, but not by this way
};

struct option_error {
  option_error_code code;
  std::string message;  // one line, complete: names the option and the value
};

// All options in the order of declaration.
std::span<const option_descriptor> all_options();
const option_descriptor& descriptor_of(option_id id);

// By Weir's name, then Kafka's name for brokers, then for topics; nullptr for none.
const option_descriptor* find_option(std::string_view name);
// By the name that Kafka's clients use in a topic's configuration; Weir's own name works as well.
const option_descriptor* find_topic_config(std::string_view name);
// The same of what belongs to any kind of resource.
const option_descriptor* find_resource_config(option_scope scope, std::string_view name);
// By the name that Kafka's clients use in a broker's configuration; Weir's own name works as well.
const option_descriptor* find_broker_config(std::string_view name);

// The declared name (Weir's, or Kafka's if the text resembles that more) that a mistyped `name`
// most likely means; empty if none is near.
std::string_view nearest_option(std::string_view name);

// How Kafka names an option of a resource, or of a broker, when a client asks; Weir's name if Kafka
// has none.
std::string_view topic_config_name(const option_descriptor& option);
std::string_view broker_config_name(const option_descriptor& option);

}  // namespace weir
