#include <catch2/catch_all.hpp>

#include "core/catalog/commands_test.h"

namespace weir::catalog {
namespace {

state founded() {
  state s;
  stored::cluster_created c;
  c.cluster_id = id_of(77);
  REQUIRE(s.apply(c));
  return s;
}

std::int32_t id_given(const state& s, std::uint64_t directory) {
  const auto* b = s.find_broker(id_of(directory));
  return b ? b->id.value() : -1;
}

TEST_CASE("a broker gets the id it had, the one it wishes, or the lowest free one") {
  auto s = founded();
  REQUIRE(s.apply(registration(10)));
  REQUIRE(s.apply(registration(11, 5)));
  REQUIRE(s.apply(registration(12, 5)));  // taken
  REQUIRE(s.apply(registration(13, 0)));
  CHECK(id_given(s, 10) == 1);
  CHECK(id_given(s, 11) == 5);
  CHECK(id_given(s, 12) == 2);
  CHECK(id_given(s, 13) == 0);
  REQUIRE(s.apply(registration(12, 9)));
  CHECK(id_given(s, 12) == 2);
  CHECK(s.brokers().size() == 4);
}

TEST_CASE("an id is never another's, not even of one that is gone") {
  auto s = founded();
  REQUIRE(s.apply(registration(10)));
  REQUIRE(s.apply(unregistered(1)));
  CHECK(s.brokers().empty());
  REQUIRE(s.apply(registration(11, 1)));
  CHECK(id_given(s, 11) == 2);
  REQUIRE(s.apply(registration(10)));
  CHECK(id_given(s, 10) == 1);
}

TEST_CASE("the lone broker of an older catalog keeps the id that its replicas name") {
  auto s = founded();
  REQUIRE(s.apply(topic_on("old", 100, {{1}, {1}})));
  SECTION("when it comes first") {
    REQUIRE(s.apply(registration(10, 1)));
    REQUIRE(s.apply(registration(11)));
    CHECK(id_given(s, 10) == 1);
    CHECK(id_given(s, 11) == 2);
  }
  SECTION("when it comes second") {
    REQUIRE(s.apply(registration(11)));
    REQUIRE(s.apply(registration(10, 1)));
    CHECK(id_given(s, 10) == 1);
    CHECK(id_given(s, 11) == 2);
  }
}

TEST_CASE("what a broker says of itself is kept, the newest of it") {
  auto s = founded();
  auto c = registration(10, -1, "rack-a");
  c.cluster_id = id_of(77);
  REQUIRE(s.apply(c));
  REQUIRE(s.apply(wanted(1, broker_state::maintenance)));
  c.incarnation = id_of(2222);
  c.peer_port = 7000;
  REQUIRE(s.apply(c));
  const auto& b = s.brokers().at(node_id(1));
  CHECK(b.incarnation == id_of(2222));
  CHECK(b.peer == host_port{"10.0.0.10", 7000});
  CHECK(b.listeners == std::vector<listener>{{"PLAINTEXT", {"broker.example", 9092}}});
  CHECK(b.rack == "rack-a");
  CHECK(b.cores == 4);
  CHECK(b.supports("weir.version", 2));
  CHECK_FALSE(b.supports("weir.version", 3));
  CHECK_FALSE(b.supports("other", 1));
  // It started again; what the operator wants is still wanted.
  CHECK(b.state == broker_state::maintenance);
}

TEST_CASE("brokers that can't be taken in") {
  auto s = founded();
  auto c = registration(10);
  SECTION("of another cluster") {
    c.cluster_id = id_of(78);
    CHECK(s.apply(c).error() == refusal::foreign_cluster);
  }
  SECTION("without an id of its directory") {
    c.broker_id = {};
    CHECK(s.apply(c).error() == refusal::malformed_broker);
  }
  SECTION("with too much to say") {
    c.rack = text(std::string(256, 'r'));
    CHECK(s.apply(c).error() == refusal::malformed_broker);
  }
  SECTION("with a range upside down") {
    c.features[0].level_min = 3;
    CHECK(s.apply(c).error() == refusal::malformed_broker);
  }
  CHECK(s.brokers().empty());
  CHECK(s.node_ids().empty());
}

TEST_CASE("a broker goes when nothing names it") {
  auto s = founded();
  for (const std::uint64_t d : {10, 11, 12}) REQUIRE(s.apply(registration(d)));
  REQUIRE(s.apply(topic_on("t", 100, {{1, 2}})));
  CHECK(s.replica_count(node_id(1)) == 1);
  CHECK(s.apply(unregistered(1)).error() == refusal::broker_in_use);
  CHECK(s.apply(unregistered(4)).error() == refusal::unknown_broker);
  REQUIRE(s.apply(begun(100, 0, {3, 2})));
  CHECK(s.apply(unregistered(1)).error() == refusal::broker_in_use);
  CHECK(s.apply(unregistered(3)).error() == refusal::broker_in_use);
  REQUIRE(s.apply(finished(100, 0, 1)));
  REQUIRE(s.apply(unregistered(1)));
  // Nobody can be placed there any more.
  CHECK(s.apply(topic_on("u", 101, {{1}})).error() == refusal::unknown_broker);
  CHECK(s.apply(begun(100, 0, {1, 2})).error() == refusal::unknown_broker);
}

TEST_CASE("states of brokers") {
  auto s = founded();
  REQUIRE(s.apply(registration(10)));
  REQUIRE(s.apply(wanted(1, broker_state::draining)));
  CHECK(s.brokers().at(node_id(1)).state == broker_state::draining);
  CHECK(s.apply(wanted(1, static_cast<broker_state>(7))).error() == refusal::unknown_broker_state);
  CHECK(s.apply(wanted(2, broker_state::active)).error() == refusal::unknown_broker);
}

TEST_CASE("features are on when every broker has them") {
  auto s = founded();
  CHECK(s.apply(level_set("weir.version", 1)).error() == refusal::unsupported_feature);
  REQUIRE(s.apply(registration(10)));
  auto old = registration(11);
  old.features[0].level_max = 1;
  REQUIRE(s.apply(old));
  CHECK(s.apply(level_set("weir.version", 2)).error() == refusal::unsupported_feature);
  CHECK(s.apply(level_set("other", 1)).error() == refusal::unsupported_feature);
  REQUIRE(s.apply(level_set("weir.version", 1)));
  CHECK(s.feature_level("weir.version") == 1);
  REQUIRE(s.apply(unregistered(2)));
  REQUIRE(s.apply(level_set("weir.version", 2)));
  CHECK(s.apply(old).error() == refusal::unsupported_feature);
  CHECK(s.apply(level_set("weir.version", 1)).error() == refusal::feature_downgrade);
  REQUIRE(s.apply(level_set("weir.version", 1, true)));
  REQUIRE(s.apply(old));
  REQUIRE(s.apply(level_set("weir.version", 0, true)));
  CHECK(s.feature_level("weir.version") == 0);
  CHECK(s.feature_levels().empty());
}

TEST_CASE("all levels of a command or none") {
  auto s = founded();
  REQUIRE(s.apply(registration(10)));
  auto c = level_set("weir.version", 1);
  auto& f = c.features.emplace_back();
  f.name = "other";
  f.level = 1;
  CHECK(s.apply(c).error() == refusal::unsupported_feature);
  CHECK(s.feature_level("weir.version") == 0);
}

}  // namespace
}  // namespace weir::catalog
