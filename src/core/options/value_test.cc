#include "core/options/value.h"

#include <fmt/format.h>

#include <catch2/catch_all.hpp>

#include "core/options/declared.h"
#include "core/options/number.h"

namespace weir {
namespace {

const option_descriptor& option(std::string_view name) {
  const auto* found = find_option(name);
  REQUIRE(found != nullptr);
  return *found;
}

std::string as_kafka(std::string_view name, std::string_view text) {
  const auto& o = option(name);
  const auto value = parse_value(o, text, text_form::kafka, name);
  return value ? format_value(o, *value, text_form::kafka) : value.error().message;
}

std::string as_weir(std::string_view name, std::string_view text) {
  const auto& o = option(name);
  const auto value = parse_value(o, text);
  return value ? format_value(o, *value) : value.error().message;
}

struct text_case {
  std::string_view name;
  std::string_view text;
  std::string_view result;
};

TEST_CASE("Kafka's form is read and refused in Kafka's words") {
  // What Apache Kafka 4.3.1 answered to IncrementalAlterConfigs.
  const auto [name, text, result] = GENERATE(values<text_case>({
      {"retention.ms", "abc",
       "Invalid value abc for configuration retention.ms: Not a number of type LONG"},
      {"retention.ms", "",
       "Invalid value  for configuration retention.ms: Not a number of type LONG"},
      {"retention.ms", "5L",
       "Invalid value 5L for configuration retention.ms: Not a number of type LONG"},
      {"retention.ms", "7d",
       "Invalid value 7d for configuration retention.ms: Not a number of type LONG"},
      {"retention.ms", "-2",
       "Invalid value -2 for configuration retention.ms: Value must be at least -1"},
      {"retention.ms", "-1", "-1"},
      {"retention.ms", "unlimited",
       "Invalid value unlimited for configuration retention.ms: Not a number of type LONG"},
      {"retention.ms", "9223372036854775808",
       "Invalid value 9223372036854775808 for configuration retention.ms: Not a number of type "
       "LONG"},
      {"retention.ms", "9223372036854775807", "9223372036854775807"},
      {"retention.bytes", "-3", "-3"},
      {"segment.bytes", "+5",
       "Invalid value 5 for configuration segment.bytes: Value must be at least 1048576"},
      {"segment.bytes", " 2097152 ", "2097152"},
      {"segment.bytes", "2147483648",
       "Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT"},
      {"segment.bytes", "+-5",
       "Invalid value +-5 for configuration segment.bytes: Not a number of type INT"},
      {"compression.gzip.level", "0",
       "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or "
       "equal to -1"},
      {"compression.gzip.level", "10",
       "Invalid value 10 for configuration compression.gzip.level: Value must be between 1 and 9 "
       "or equal to -1"},
      {"compression.gzip.level", "-1", "-1"},
      {"compression.lz4.level", "18",
       "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17"},
      {"compression.zstd.level", "-131073",
       "Invalid value -131073 for configuration compression.zstd.level: Value must be at least "
       "-131072"},
      {"compression.type", "GZIP",
       "Invalid value GZIP for configuration compression.type: String must be one of: "
       "uncompressed, zstd, lz4, snappy, gzip, producer"},
      {"compression.type", " gzip ", "gzip"},
      {"message.timestamp.type", "",
       "Invalid value  for configuration message.timestamp.type: String must be one of: "
       "CreateTime, LogAppendTime"},
      {"preallocate", "TRUE", "true"},
      {"preallocate", "maybe",
       "Invalid value maybe for configuration preallocate: Expected value to be either true or "
       "false"},
      {"min.cleanable.dirty.ratio", "-1",
       "Invalid value -1.0 for configuration min.cleanable.dirty.ratio: Value must be at least 0"},
      {"min.cleanable.dirty.ratio", "1.5",
       "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than "
       "1"},
      {"min.cleanable.dirty.ratio", "1e-1", "0.1"},
      {"min.cleanable.dirty.ratio", ".5", "0.5"},
      {"min.cleanable.dirty.ratio", "1", "1.0"},
      {"min.cleanable.dirty.ratio", "abc",
       "Invalid value abc for configuration min.cleanable.dirty.ratio: Not a number of type "
       "DOUBLE"},
      {"cleanup.policy", " compact , delete ", "compact,delete"},
      {"cleanup.policy", "compact,compact", "compact"},
      {"cleanup.policy", "", ""},
      {"cleanup.policy", "compact,", "Configuration 'cleanup.policy' values must not be empty."},
      {"cleanup.policy", "none,delete",
       "Invalid value none for configuration cleanup.policy: String must be one of: compact, "
       "delete"},
      {"leader.replication.throttled.replicas", "*", "*"},
      {"leader.replication.throttled.replicas", "1:2, 3:4", "1:2,3:4"},
      {"leader.replication.throttled.replicas", "1:2,x",
       "Invalid value [1:2, x] for configuration leader.replication.throttled.replicas: "
       "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the "
       "following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."},
  }));
  CAPTURE(name, text);
  CHECK(as_kafka(name, text) == result);
}

TEST_CASE("Weir's form takes units and words and gives them back") {
  const auto [name, text, result] = GENERATE(values<text_case>({
      {"log.segment_bytes", "128MiB", "128MiB"},
      {"log.segment_bytes", "134217728", "128MiB"},
      {"log.segment_bytes", "1.5GiB", "1536MiB"},
      {"log.segment_bytes", "1048577", "1048577"},
      {"log.segment_bytes", "2048 KiB", "2MiB"},
      {"log.segment_bytes", "512M", "512MiB"},
      {"log.segment_bytes", "64KiB",
       "option log.segment_bytes: '64KiB' is not allowed; it takes a size such as 64KiB or 1GiB, "
       "from 1MiB"},
      {"log.segment_bytes", "12Q",
       "option log.segment_bytes: '12Q' is not allowed; it takes a size such as 64KiB or 1GiB, "
       "from 1MiB"},
      {"log.segment_bytes", "2GiB",
       "option log.segment_bytes: '2GiB' is not allowed; it takes a size such as 64KiB or 1GiB, "
       "from 1MiB"},
      {"log.retention_bytes", "unlimited", "unlimited"},
      {"log.retention_bytes", "-1", "unlimited"},
      {"log.retention_bytes", "99999999TiB",
       "option log.retention_bytes: '99999999TiB' is not allowed; it takes a size such as 64KiB or "
       "1GiB, or unlimited"},
      {"log.retention_ms", "90min", "90min"},
      {"log.retention_ms", "90m", "90min"},
      {"log.retention_ms", "1.5h", "90min"},
      {"log.retention_ms", "86400000", "1d"},
      {"log.retention_ms", "0", "0ms"},
      {"log.local_retention_ms", "inherit", "inherit"},
      {"log.flush_ms", "unlimited", "unlimited"},
      {"node.memory", "auto", "auto"},
      {"node.memory", "1GiB", "1GiB"},
      {"node.memory", "1MiB",
       "option node.memory: '1MiB' is not allowed; it takes a size such as 64KiB or 1GiB, from "
       "64MiB, or auto"},
      {"kafka.listen", "127.0.0.1:9092, [::1]:9092", "127.0.0.1:9092,[::1]:9092"},
      {"kafka.listen", "9092",
       "option kafka.listen: '9092' is not allowed; it takes host:port, several separated by "
       "commas"},
      {"admin.listen", "localhost:70000",
       "option admin.listen: 'localhost:70000' is not allowed; it takes host:port"},
      {"log_output.level", "loud",
       "option log_output.level: 'loud' is not allowed; it takes one of error, warn, info, debug, "
       "trace"},
  }));
  CAPTURE(name, text);
  CHECK(as_weir(name, text) == result);
}

TEST_CASE("addresses") {
  CHECK(parse_host_port("localhost:9092") == host_port{"localhost", 9092});
  CHECK(parse_host_port("[::1]:0") == host_port{"::1", 0});
  CHECK(parse_host_port("0.0.0.0:00080") == host_port{"0.0.0.0", 80});
  for (const auto* bad : {"", ":", ":1", "a", "a:", "a:x", "a:-1", "a:+1", "a:65536", "::1:9092",
                          "[]:1", "[a]:1", "a b:1", "a,b:1", "PLAINTEXT://a:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_host_port(bad).has_value());
  }
  CHECK(format_host_port({"::1", 7}) == "[::1]:7");
}

TEST_CASE("every default stands in the typed struct as in the table, in both forms") {
  node_options node;
  cluster_options cluster;
  topic_options topic;
  group_options group;
  client_metrics_options metrics;
  CHECK(all_options().size() == option_count);
  for (const auto& o : all_options()) {
    CAPTURE(o.name);
    const auto value = default_value(o);
    CHECK(parse_value(o, format_value(o, value, text_form::kafka), text_form::kafka) == value);
    CHECK(parse_value(o, format_value(o, value)) == value);
    CHECK(&descriptor_of(o.id) == &o);
    const int taken = assign(node, o.id, value) + assign(cluster, o.id, value) +
                      assign(topic, o.id, value) + assign(group, o.id, value) +
                      assign(metrics, o.id, value);
    CHECK(taken == 1);
  }
  CHECK(node == node_options{});
  CHECK(cluster == cluster_options{});
  CHECK(topic == topic_options{});
  CHECK(group == group_options{});
  CHECK(metrics == client_metrics_options{});
  CHECK(topic.segment_bytes == 128 << 20);
  CHECK(topic.retention_ms == std::chrono::days(7));
  CHECK(topic.cleanup_policy.has(cleanup_policy_choice::delete_));
  CHECK_FALSE(topic.cleanup_policy.has(cleanup_policy_choice::compact));
  CHECK(topic.compression_type == compression_type_choice::producer);
  CHECK(topic.flush_ms.count() == INT64_MAX);
  CHECK(node.kafka_listen == std::vector{host_port{"127.0.0.1", 9092}});
}

TEST_CASE("a value longer than any can be is refused unread") {
  const std::string huge(value_size_max + 1, '1');
  const auto value = parse_value(option("retention.ms"), huge, text_form::kafka, "retention.ms");
  REQUIRE_FALSE(value.has_value());
  CHECK(value.error().message == "Value for configuration retention.ms is longer than 65536 bytes");
}

TEST_CASE("fractions are exact or refused") {
  const auto& o = option("log.retention_bytes");
  CHECK(parse_with_unit(o, "0.5KiB") == 512);
  CHECK(parse_with_unit(o, "-1.5KiB") == -1536);
  CHECK_FALSE(parse_with_unit(o, "0.001KiB").has_value());
  CHECK_FALSE(parse_with_unit(o, "1.KiB").has_value());
  CHECK_FALSE(parse_with_unit(o, "1.5.5KiB").has_value());
  CHECK_FALSE(parse_with_unit(o, "1.5").has_value());
  CHECK_FALSE(parse_with_unit(o, "8388608TiB").has_value());
  CHECK(parse_with_unit(o, "8388607TiB") == 8388607LL << 40);
}

}  // namespace
}  // namespace weir
