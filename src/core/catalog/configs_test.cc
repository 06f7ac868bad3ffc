#include <catch2/catch_all.hpp>

#include "core/catalog/commands_test.h"
#include "core/catalog/snapshot.h"

namespace weir::catalog {
namespace {

stored::configs_changed changed(std::int8_t type, const char* name, std::int64_t was = -1,
                                const char* option = "log.retention_ms",
                                const char* value = "1000") {
  stored::configs_changed c;
  c.resource_type = type;
  c.resource_name = name;
  c.was = was;
  if (option) {
    auto& s = c.configs.emplace_back();
    s.name = option;
    s.value = value;
  }
  return c;
}

TEST_CASE("of two changes that were worked out from the same set the second one is refused") {
  state s;
  REQUIRE(s.apply(topic_on("orders", 1, {{}})));
  const std::pair<std::int8_t, const char*> resources[] = {{topic_resource, "orders"},
                                                           {broker_resource, ""},
                                                           {broker_resource, "7"},
                                                           {group_resource, "g"},
                                                           {client_metrics_resource, "m"}};
  for (const auto& [type, name] : resources) {
    CAPTURE(type, name);
    CHECK(s.configs_version(type, name) == 0);
    CHECK(s.apply(changed(type, name, 0)));
    CHECK(s.apply(changed(type, name, 0)).error() == refusal::stale_configs);
    const auto now = s.configs_version(type, name);
    CHECK(now > 0);
    CHECK(s.apply(changed(type, name, now)));
    CHECK(s.apply(changed(type, name, now)).error() == refusal::stale_configs);
    CHECK(s.apply(changed(type, name)));  // as older versions wrote them
    CHECK(decode_snapshot(encode_snapshot(s)) == s);
  }
}

TEST_CASE("a set that was emptied and made again is another one") {
  state s;
  REQUIRE(s.apply(changed(group_resource, "g")));
  const auto before = s.configs_version(group_resource, "g");
  REQUIRE(s.apply(changed(group_resource, "g", before, nullptr)));
  CHECK(s.group_configs().empty());
  REQUIRE(s.apply(changed(group_resource, "g", 0)));
  CHECK(s.apply(changed(group_resource, "g", before)).error() == refusal::stale_configs);
}

TEST_CASE("groups and client metrics are there while anything is set for them") {
  state s;
  CHECK(s.apply(changed(77, "x")).error() == refusal::unknown_resource);
  CHECK(s.apply(changed(group_resource, "")).error() == refusal::unknown_resource);
  CHECK(s.apply(changed(broker_resource, "x")).error() == refusal::unknown_resource);
  REQUIRE(s.apply(changed(group_resource, "g", -1, "group.consumer_session_ms", "46000")));
  REQUIRE(s.apply(changed(client_metrics_resource, "m", -1, "client_metrics.interval_ms", "100")));
  CHECK(resolve_group({.group = &s.group_configs().find("g")->second.layer})
            .consumer_session_ms.count() == 46000);
  CHECK(s.client_metrics_configs().size() == 1);
  CHECK(decode_snapshot(encode_snapshot(s)) == s);
  REQUIRE(s.apply(changed(client_metrics_resource, "m", -1, nullptr)));
  CHECK(s.client_metrics_configs().empty());
}

TEST_CASE("each change of levels begins an epoch") {
  state s;
  REQUIRE(s.apply(registration(1)));
  CHECK(s.features_epoch() == 0);
  REQUIRE(s.apply(level_set("weir.version", 1)));
  CHECK(s.features_epoch() == 1);
  CHECK_FALSE(s.apply(level_set("weir.version", 99)));
  CHECK(s.features_epoch() == 1);
  CHECK(decode_snapshot(encode_snapshot(s)) == s);
}

}  // namespace
}  // namespace weir::catalog
