#include "core/options/change.h"

#include <catch2/catch_all.hpp>

namespace weir {
namespace {

option_change set(std::string_view name, std::optional<std::string_view> value) {
  return {name, 0, value};
}
option_change unset(std::string_view name) {
  return {name, 1, std::nullopt};
}
option_change append(std::string_view name, std::optional<std::string_view> value) {
  return {name, 2, value};
}
option_change subtract(std::string_view name, std::string_view value) {
  return {name, 3, value};
}

using changes = std::vector<option_change>;

// "name=value …" of the layer, or "code: message".
std::string told(const std::expected<option_layer, option_error>& result) {
  if (!result)
    return std::to_string(static_cast<int>(result.error().code)) + ": " + result.error().message;
  std::string out;
  for (const auto& [name, value] : layer_to_text(*result))
    out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

std::string topic_after(const changes& all, const option_layers& layers = {}) {
  return told(change_topic(layers, all));
}

TEST_CASE("a topic's options change one by one") {
  option_layer now;
  now = *change_topic({}, changes{set("retention.ms", "5"), set("cleanup.policy", "compact")});
  CHECK(told(now) == "log.cleanup_policy=compact log.retention_ms=5");
  CHECK(topic_after({unset("retention.ms")}, {.topic = &now}) == "log.cleanup_policy=compact");
  CHECK(topic_after({unset("foo"), unset("segment.ms")}, {.topic = &now}) == told(now));
  CHECK(topic_after({append("cleanup.policy", "delete")}, {.topic = &now}) ==
        "log.cleanup_policy=compact,delete log.retention_ms=5");
  CHECK(topic_after({subtract("cleanup.policy", "compact,delete")}, {.topic = &now}) ==
        "log.cleanup_policy= log.retention_ms=5");
}

TEST_CASE("lists grow from what is in force below") {
  CHECK(topic_after({append("cleanup.policy", "compact,delete")}) ==
        "log.cleanup_policy=delete,compact");
  CHECK(topic_after({append("cleanup.policy", "delete")}) == "log.cleanup_policy=delete");
  CHECK(topic_after({subtract("cleanup.policy", "compact")}) == "log.cleanup_policy=delete");
  const auto cluster =
      *change_broker({}, option_source::cluster, changes{set("log.cleanup.policy", "compact")});
  CHECK(topic_after({append("cleanup.policy", "delete")}, {.cluster = &cluster}) ==
        "log.cleanup_policy=compact,delete");
  CHECK(topic_after({append("follower.replication.throttled.replicas", "1:2")}) ==
        "log.follower_throttled_replicas=1:2");
}

TEST_CASE("what Kafka refuses of a topic's changes is refused in its words") {
  // 0 unknown_name, 1 invalid_value, 2 invalid_request
  CHECK(topic_after({set("foo", "1")}) == "0: Unknown topic config name: foo");
  CHECK(topic_after({set("", "1")}) == "0: Unknown topic config name: ");
  CHECK(topic_after({set("message.format.version", "3.0")}) ==
        "0: Unknown topic config name: message.format.version");
  CHECK(topic_after({set("retention.ms", "abc"), set("foo", "2")}) ==
        "0: Unknown topic config name: foo");
  CHECK(topic_after({set("segment.ms", std::nullopt), set("retention.ms", std::nullopt)}) ==
        "2: Null value not supported for : segment.ms, retention.ms");
  CHECK(topic_after({append("cleanup.policy", std::nullopt)}) ==
        "2: Null value not supported for : cleanup.policy");
  CHECK(topic_after({append("cleanup.policy", "")}) ==
        "1: Configuration 'cleanup.policy' values must not be empty.");
  CHECK(topic_after({append("retention.ms", "1")}) ==
        "1: Can't APPEND to key retention.ms because its type is not LIST.");
  CHECK(topic_after({subtract("retention.ms", "1")}) ==
        "1: Can't SUBTRACT to key retention.ms because its type is not LIST.");
  CHECK(topic_after({set("retention.ms", "1"), unset("retention.ms")}) ==
        "2: Error due to duplicate config keys");
  CHECK(topic_after({{"retention.ms", 9, "1"}}) ==
        "2: Unknown operation 9 for configuration retention.ms");
  CHECK(
      topic_after({set("min.compaction.lag.ms", "100"), set("max.compaction.lag.ms", "50")}) ==
      "1: conflict topic config setting min.compaction.lag.ms (100) > max.compaction.lag.ms (50)");
  CHECK(topic_after({set("remote.storage.enable", "true")}) ==
        "1: Tiered Storage functionality is disabled in the broker. Topic cannot be configured "
        "with remote log storage.");
}

TEST_CASE("rules see the layers below") {
  const auto cluster = *change_broker({}, option_source::cluster,
                                      changes{set("log.cleaner.max.compaction.lag.ms", "50")});
  CHECK(topic_after({set("min.compaction.lag.ms", "51")}, {.cluster = &cluster}) ==
        "1: conflict topic config setting min.compaction.lag.ms (51) > max.compaction.lag.ms (50)");
  CHECK(topic_after({set("min.compaction.lag.ms", "50")}, {.cluster = &cluster}) ==
        "log.compaction_lag_ms_min=50");
}

TEST_CASE("a new topic and a replaced layer") {
  using settings = std::vector<option_setting>;
  CHECK(told(new_topic({}, settings{{"retention.ms", std::nullopt}})) ==
        "1: Null value not supported for topic configs: retention.ms");
  CHECK(told(new_topic({}, settings{{"retention.ms", "1"}, {"retention.ms", "2"}})) ==
        "log.retention_ms=2");
  const auto now = *new_topic({}, settings{{"segment.ms", "9"}});
  CHECK(told(replace_topic({.topic = &now}, settings{{"retention.ms", "1"}})) ==
        "log.retention_ms=1");
  CHECK(told(replace_topic({}, settings{{"retention.ms", std::nullopt}})) ==
        "2: Null value not supported for : retention.ms");
  CHECK(told(replace_topic({}, settings{{"retention.ms", "1"}, {"retention.ms", "2"}})) ==
        "2: Error due to duplicate config keys");
}

TEST_CASE("a broker's options change under the broker's names") {
  const auto after = [](const changes& all) {
    return told(change_broker({}, option_source::cluster, all));
  };
  CHECK(after({set("message.max.bytes", "5")}) == "log.message_bytes_max=5");
  CHECK(after({set("auto.create.topics.enable", "false")}) == "topics.auto_create=false");
  CHECK(after({append("log.cleanup.policy", "compact")}) == "log.cleanup_policy=delete,compact");
  // 0 unknown_name, 1 invalid_value, 2 invalid_request, 3 not_changeable
  CHECK(after({set("message.max.bytes", "-5")}) ==
        "2: Invalid value -5 for configuration message.max.bytes: Value must be at least 0");
  CHECK(after({set("message.max.bytes", std::nullopt)}) ==
        "2: Null value not supported for : message.max.bytes");
  CHECK(after({append("num.partitions", "x")}) ==
        "1: Config value append is not allowed for config key: num.partitions");
  CHECK(after({set("log.dirs", "x"), set("node.id", "2")}) ==
        "3: Cannot update these configs dynamically: [log.dirs, node.id]");
  CHECK(after({set("foo", "1")}) == "0: Unknown broker config name: foo");
  // A topic's name is not a broker's.
  CHECK(after({set("retention.ms", "1")}) == "0: Unknown broker config name: retention.ms");
}

TEST_CASE("a node's options must agree") {
  const auto check = [](std::string_view name, std::string_view value) {
    option_layer node;
    node.set(find_option(name)->id, *parse_value(*find_option(name), value));
    const auto result = check_node({.node = &node});
    return result ? std::string() : result.error().message;
  };
  CHECK(check("node.rack", "r1").empty());
  CHECK(check("kafka.listen", "") == "option kafka.listen: names no address");
  CHECK(check("kafka.advertise", "a:1,b:2") ==
        "option kafka.advertise: 2 addresses for the 1 of kafka.listen");
  CHECK(check("kafka.advertise", "a:0") ==
        "option kafka.advertise: port 0 cannot be told to clients");
  CHECK(
      check("store.cache_share", "0.8") ==
      "options kafka.request_memory_share (0.25) and store.cache_share (0.8): together above 0.95");
}

std::string group_after(const changes& all, const option_layers& layers = {}) {
  return told(change_layer(layers, option_source::group, all));
}

TEST_CASE("a group's options keep to each other and to the cluster's bounds") {
  CHECK(group_after({set("consumer.session.timeout.ms", "46000")}) ==
        "group.consumer_session_ms=46000");
  CHECK(group_after({set("retention.ms", "1")}).starts_with("0: "));
  CHECK(group_after({set("consumer.session.timeout.ms", "10")}) ==
        "1: consumer.session.timeout.ms must be greater than or equal to "
        "group.consumer.min.session.timeout.ms");
  CHECK(group_after({set("streams.num.standby.replicas", "3")}) ==
        "1: streams.num.standby.replicas must be less than or equal to "
        "group.streams.max.standby.replicas");
  const auto cluster = *change_broker({}, option_source::cluster,
                                      changes{set("group.streams.max.standby.replicas", "3")});
  CHECK(group_after({set("streams.num.standby.replicas", "3")}, {.cluster = &cluster}) ==
        "group.streams_standbys=3");
  const auto close = *change_broker({}, option_source::cluster,
                                    changes{set("group.consumer.min.session.timeout.ms", "9000")});
  CHECK(group_after({set("consumer.session.timeout.ms", "9000"),
                     set("consumer.heartbeat.interval.ms", "9000")},
                    {.cluster = &close}) ==
        "1: consumer.session.timeout.ms must be greater than consumer.heartbeat.interval.ms");
}

TEST_CASE("where a share group begins") {
  const auto taken = [](std::string_view value) {
    return group_after({set("share.auto.offset.reset", value)}).starts_with("group.");
  };
  for (const auto* good : {"latest", "earliest", "by_duration:PT1H", "by_duration:P1DT2H3M4.5S",
                           "by_duration:P2D", "by_duration:PT0S"})
    CHECK(taken(good));
  for (const auto* bad :
       {"", "middle", "by_duration:", "by_duration:P", "by_duration:PT", "by_duration:P1H",
        "by_duration:PT1D", "by_duration:PT1", "by_duration:-PT1H", "by_duration:PT1M2H",
        "by_duration:PT1.5H", "by_duration:PT.5S", "by_duration:1H"})
    CHECK_FALSE(taken(bad));
}

TEST_CASE("client metrics") {
  const auto after = [](const changes& all) {
    return told(change_layer({}, option_source::client_metrics, all));
  };
  CHECK(after({set("interval.ms", "100"), set("metrics", "a.,b.")}) ==
        "client_metrics.interval_ms=100 client_metrics.metrics=a.,b.");
  CHECK(after({set("consumer.session.timeout.ms", "46000")}) ==
        "2: Unknown client metrics configuration: consumer.session.timeout.ms");
  CHECK(after({set("interval.ms", "99")}) ==
        "2: Invalid value 99 for interval.ms, interval must be between 100 and 3600000 (1 hour)");
  CHECK(told(change_layer({}, option_source::cluster,
                          changes{set("client_metrics.interval_ms", "100")}))
            .starts_with("0: "));
  CHECK(told(replace_layer({}, option_source::client_metrics, std::vector<option_setting>{}))
            .empty());
}

}  // namespace
}  // namespace weir
