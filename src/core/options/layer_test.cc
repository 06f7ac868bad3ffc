#include "core/options/layer.h"

#include <algorithm>
#include <catch2/catch_all.hpp>

#include "core/options/help.h"
#include "core/options/settings.h"

namespace weir {
namespace {

option_layer layer_of(std::initializer_list<std::string_view> assignments) {
  option_layer out;
  for (const auto text : assignments) REQUIRE(apply_assignment(out, text).has_value());
  return out;
}

std::string error_of(std::string_view assignment, std::string_view from = "--set") {
  option_layer layer;
  const auto result = apply_assignment(layer, assignment, from);
  CHECK(layer.empty());
  return result ? "" : result.error().message;
}

const described_option& named(const std::vector<described_option>& all, std::string_view name) {
  const auto at = std::ranges::find(all, name, &described_option::name);
  REQUIRE(at != all.end());
  return *at;
}

std::string synonyms(const described_option& option) {
  std::string out;
  for (const auto& [name, value, source] : option.synonyms) {
    out += name + "=" + value.value_or("?") + "@" + std::to_string(static_cast<int>(source)) + " ";
  }
  return out;
}

TEST_CASE("the highest layer with a value wins") {
  const auto topic = layer_of({"log.retention_ms=1s"});
  const auto broker = layer_of({"log.retention_ms=2s", "log.retention_bytes=5000"});
  const auto cluster = layer_of({"log.retention_ms=3s", "log.segment_ms=1h"});
  const auto node =
      layer_of({"log.retention_ms=4s", "log.segment_ms=2h", "topics.partitions_default=6"});
  const option_layers all{&topic, &broker, &cluster, &node};
  const auto resolved = resolve_topic(all);
  CHECK(resolved.retention_ms.count() == 1000);
  CHECK(resolved.retention_bytes == 5000);
  CHECK(resolved.segment_ms == std::chrono::hours(1));
  CHECK(resolved.segment_bytes == 128 << 20);
  CHECK(resolve_cluster(all).topics_partitions_default == 6);
  CHECK(resolve_node(all) == node_options{});
  CHECK(resolve(option_id::log_retention_ms, {.node = &node}).source == option_source::node);
  CHECK(resolve(option_id::log_segment_ms, all).source == option_source::cluster);
  CHECK(resolve(option_id::log_flush_ms, all).source == option_source::declared);

  // As Apache Kafka lists them.
  CHECK(
      synonyms(named(describe_topic(all), "retention.ms")) ==
      "retention.ms=1000@1 log.retention.ms=2000@2 log.retention.ms=3000@3 log.retention.ms=4000@4 "
      "log.retention.ms=604800000@5 ");
  CHECK(synonyms(named(describe_broker(all), "log.retention.ms")) ==
        "log.retention.ms=2000@2 log.retention.ms=3000@3 log.retention.ms=4000@4 "
        "log.retention.ms=604800000@5 ");
  CHECK(synonyms(named(describe_topic(all), "remote.storage.enable")).empty());
  const auto shared = describe_cluster_default(cluster);
  CHECK(shared.size() == 2);
  CHECK(synonyms(named(shared, "log.roll.ms")) == "log.roll.ms=3600000@3 ");
}

TEST_CASE("topics show all configurations of Kafka 4.3 with its types and defaults") {
  struct expected_config {
    std::string_view name, value;
    int type;
  };
  // As a fresh topic of Apache Kafka 4.3.1 describes itself; segment.bytes alone differs, on
  // purpose.
  static constexpr expected_config kafka[] = {
      {"cleanup.policy", "delete", 7},
      {"compression.gzip.level", "-1", 3},
      {"compression.lz4.level", "9", 3},
      {"compression.type", "producer", 2},
      {"compression.zstd.level", "3", 3},
      {"delete.retention.ms", "86400000", 5},
      {"file.delete.delay.ms", "60000", 5},
      {"flush.messages", "9223372036854775807", 5},
      {"flush.ms", "9223372036854775807", 5},
      {"follower.replication.throttled.replicas", "", 7},
      {"index.interval.bytes", "4096", 3},
      {"leader.replication.throttled.replicas", "", 7},
      {"local.retention.bytes", "-2", 5},
      {"local.retention.ms", "-2", 5},
      {"max.compaction.lag.ms", "9223372036854775807", 5},
      {"max.message.bytes", "1048588", 3},
      {"message.timestamp.after.max.ms", "3600000", 5},
      {"message.timestamp.before.max.ms", "9223372036854775807", 5},
      {"message.timestamp.type", "CreateTime", 2},
      {"min.cleanable.dirty.ratio", "0.5", 6},
      {"min.compaction.lag.ms", "0", 5},
      {"min.insync.replicas", "1", 3},
      {"preallocate", "false", 1},
      {"remote.log.copy.disable", "false", 1},
      {"remote.log.delete.on.disable", "false", 1},
      {"remote.storage.enable", "false", 1},
      {"retention.bytes", "-1", 5},
      {"retention.ms", "604800000", 5},
      {"segment.bytes", "134217728", 3},
      {"segment.index.bytes", "10485760", 3},
      {"segment.jitter.ms", "0", 5},
      {"segment.ms", "604800000", 5},
      {"unclean.leader.election.enable", "false", 1},
  };
  const auto ours = describe_topic({});
  CHECK(ours.size() == std::size(kafka));
  for (const auto& [name, value, type] : kafka) {
    CAPTURE(name);
    const auto& one = named(ours, name);
    CHECK(one.value == value);
    CHECK(one.kafka_type == type);
    CHECK(one.source == option_source::declared);
    CHECK_FALSE(one.read_only);
    CHECK_FALSE(one.sensitive);
    CHECK_FALSE(one.documentation.empty());
  }
}

TEST_CASE("what clients can't change is read-only, and what has no effect says so") {
  const auto all = describe_broker({});
  CHECK(all.size() + describe_client_metrics({}).size() == option_count);
  CHECK(named(all, "log.dirs").read_only);
  CHECK(named(all, "kafka.listen").read_only);
  CHECK(named(all, "kafka.listen").kafka_type == 7);
  CHECK(named(all, "log.dirs").kafka_type == 7);
  CHECK(named(all, "log.cleaner.io.max.bytes.per.second").kafka_type == 6);
  CHECK(named(all, "offsets.topic.replication.factor").kafka_type == 4);
  CHECK_FALSE(named(all, "num.partitions").read_only);
  CHECK(named(all, "follower.replication.throttled.rate")
            .documentation.ends_with("Accepted, but without effect: catching up is bounded by "
                                     "replication.catch_up_rate."));
}

TEST_CASE("groups and client metrics have layers of their own") {
  const auto cluster = layer_of({"group.consumer_session_ms=50s"});
  const auto own = layer_of({"group.consumer_session_ms=46s"});
  CHECK(resolve_group({.cluster = &cluster}).consumer_session_ms.count() == 50'000);
  const option_layers both{.cluster = &cluster, .group = &own};
  CHECK(resolve_group(both).consumer_session_ms.count() == 46'000);
  CHECK(synonyms(named(describe_group(both), "consumer.session.timeout.ms")) ==
        "consumer.session.timeout.ms=46000@8 group.consumer.session.timeout.ms=50000@3 "
        "group.consumer.session.timeout.ms=45000@5 ");
  CHECK(synonyms(named(describe_broker(both), "group.consumer.session.timeout.ms")) ==
        "group.consumer.session.timeout.ms=50000@3 group.consumer.session.timeout.ms=45000@5 ");
  const auto metrics = layer_of({"client_metrics.interval_ms=1s"});
  CHECK(synonyms(named(describe_client_metrics({.client_metrics = &metrics}), "interval.ms")) ==
        "interval.ms=1000@7 ");
}

TEST_CASE("layers survive storing, and what is no longer allowed is told") {
  const auto layer = layer_of({"log.retention_ms=unlimited", "log.cleanup_policy=compact,delete",
                               "log.compaction_min_dirty_ratio=0.25", "kafka.listen=[::1]:1,b:2"});
  auto text = layer_to_text(layer);
  CHECK(text["log.retention_ms"] == "-1");
  std::vector<option_error> dropped;
  CHECK(layer_from_text(text, dropped) == layer);
  CHECK(dropped.empty());
  text["log.new_thing"] = "1";
  text["log.segment_bytes"] = "7";
  CHECK(layer_from_text(text, dropped) == layer);
  REQUIRE(dropped.size() == 2);
  CHECK(dropped[0].message == "unknown option 'log.new_thing'");
}

TEST_CASE("bad settings get one clear line") {
  CHECK(error_of("log.segmnt_bytes=1MiB") ==
        "--set: unknown option 'log.segmnt_bytes'; did you mean log.segment_bytes?");
  CHECK(error_of("log.segment-bytes=1MiB") ==
        "--set: unknown option 'log.segment-bytes'; did you mean log.segment_bytes?");
  CHECK(error_of("segment_bytes=1MiB", "weir.yaml") ==
        "weir.yaml: unknown option 'segment_bytes'; did you mean segment.bytes?");
  CHECK(error_of("retention_ms=1") ==
        "--set: unknown option 'retention_ms'; did you mean retention.ms?");
  CHECK(error_of("cache_share=0.1") ==
        "--set: unknown option 'cache_share'; did you mean store.cache_share?");
  CHECK(error_of("zzzzzzzzzz=1") == "--set: unknown option 'zzzzzzzzzz'");
  CHECK(error_of("log.segment_bytes") ==
        "--set: 'log.segment_bytes' is not of the form NAME=VALUE");
  CHECK(error_of("=1") == "--set: '=1' is not of the form NAME=VALUE");
  CHECK(error_of("node.smp=many") ==
        "--set: option node.smp: 'many' is not allowed; it takes a number up to 1024, or auto");
  CHECK(nearest_option(std::string(100000, 'x')).empty());
}

TEST_CASE("a flat map becomes a layer") {
  using flat = std::vector<std::pair<std::string, std::string>>;
  const auto layer =
      settings_from(flat{{"node.id", "7"}, {"log.segment.bytes", "1GiB"}}, "weir.yaml");
  REQUIRE(layer.has_value());
  CHECK(resolve_node({.node = &*layer}).node_id == 7);
  CHECK(resolve_topic({.node = &*layer}).segment_bytes == 1 << 30);
  const auto twice =
      settings_from(flat{{"log.segment_bytes", "1GiB"}, {"segment.bytes", "1GiB"}}, "weir.yaml");
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().message == "weir.yaml: option log.segment_bytes is set twice");
}

TEST_CASE("help names every option and keeps to its width") {
  const auto help = describe_help(80);
  for (const auto& option : all_options()) CHECK(help.find(option.name) != std::string::npos);
  std::size_t from = help.find('\n') + 1;  // the first line is not folded
  while (from < help.size()) {
    const auto end = help.find('\n', from);
    CHECK(end - from <= 80);
    from = end + 1;
  }
  CHECK(describe_option_help(*find_option("log.segment_ms"), 80) ==
        "  log.segment_ms\n"
        "      Age at which the active segment is closed even if it is not full.\n"
        "      Default 7d; a time such as 500ms or 7d, from 1ms. Can be changed while\n"
        "      running.\n"
        "      In Kafka: segment.ms for a topic, log.roll.ms for a broker.\n");
}

}  // namespace
}  // namespace weir
