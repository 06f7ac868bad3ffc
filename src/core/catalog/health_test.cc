#include "core/catalog/health.h"

#include "core/catalog/cluster_model_test.h"

namespace weir::catalog {
namespace {

TEST_CASE("a cluster in good health, and what is wrong with one that is not") {
  cluster_model m;
  m.add_brokers(4);
  const auto topic = m.add_topic({{1, 2, 3}, {2, 3, 4}, {4, 1}});
  auto h = health_of(m.s, m.facts, m.leaders);
  CHECK(h.healthy());
  CHECK(h.brokers == 4);
  CHECK(h.partitions == 3);

  m.lead({topic, 1}, node_id(2), 0, {node_id(3)});
  h = health_of(m.s, m.facts, m.leaders);
  CHECK(h.under_replicated.count == 1);
  CHECK(h.under_replicated.some == std::vector<partition_key>{{topic, 1}});
  CHECK(h.leaderless.count == 0);

  m.kill(4);
  m.want(2, broker_state::maintenance);
  h = health_of(m.s, m.facts, m.leaders);
  CHECK_FALSE(h.healthy());
  CHECK(h.down == std::vector<node_id>{node_id(4)});
  CHECK(h.in_maintenance == std::vector<node_id>{node_id(2)});
  CHECK(h.leaderless.some == std::vector<partition_key>{{topic, 2}});
  CHECK(h.offline.some == std::vector<partition_key>{{topic, 2}});
  CHECK(h.under_replicated.count == 2);
}

TEST_CASE("how far a decommission is") {
  cluster_model m;
  m.add_brokers(4);
  const auto topic = m.add_topic({{1, 2}, {2, 3}, {3, 2}, {1, 3}});
  m.want(2, broker_state::draining);
  REQUIRE(m.s.apply(command_of({{{topic, 0}, 0, {node_id(1), node_id(4)}}})));
  const auto h = health_of(m.s, m.facts, m.leaders);
  REQUIRE(h.decommissions.size() == 1);
  CHECK(h.decommissions[0].broker == node_id(2));
  CHECK(h.decommissions[0].replicas_left == 3);
  CHECK(h.decommissions[0].moving == 1);
  CHECK(h.reassigning == 1);
}

TEST_CASE("whether a broker may stop") {
  cluster_model m;
  m.add_brokers(4);
  const auto topic = m.add_topic({{1, 2, 3}, {2, 3, 4}});
  CHECK(risk_of_stopping(m.s, m.facts, m.leaders, node_id(1)).safe());
  CHECK(risk_of_stopping(m.s, m.facts, m.leaders, node_id(1)).leaders == 1);
  SECTION("not while another copy is behind") {
    m.lead({topic, 0}, node_id(1), 0, {node_id(3)});
    const auto risk = risk_of_stopping(m.s, m.facts, m.leaders, node_id(2));
    CHECK_FALSE(risk.safe());
    CHECK(risk.without_majority.some == std::vector<partition_key>{{topic, 0}});
    CHECK(risk.last_copy.count == 0);
    // Who is behind anyway is not missed.
    CHECK(risk_of_stopping(m.s, m.facts, m.leaders, node_id(3)).safe());
    CHECK(risk_of_stopping(m.s, m.facts, m.leaders, node_id(4)).safe());
  }
  SECTION("not with the last copy") {
    const auto single = m.add_topic({{4}});
    const auto risk = risk_of_stopping(m.s, m.facts, m.leaders, node_id(4));
    CHECK(risk.without_majority.some == std::vector<partition_key>{{single, 0}});
    CHECK(risk.last_copy.count == 1);
  }
  SECTION("what is lost already is no reason to wait") {
    m.kill(2);
    m.kill(3);
    CHECK(risk_of_stopping(m.s, m.facts, m.leaders, node_id(1)).safe());
  }
  SECTION("while partitions move, either majority counts") {
    REQUIRE(m.s.apply(command_of({{{topic, 0}, 0, {node_id(4)}}})));
    CHECK_FALSE(risk_of_stopping(m.s, m.facts, m.leaders, node_id(4)).safe());
    CHECK(risk_of_stopping(m.s, m.facts, m.leaders, node_id(1)).safe());
  }
}

TEST_CASE("lists of partitions are cut off, counts are not") {
  cluster_model m;
  m.add_brokers(1);
  std::vector<std::vector<std::int32_t>> many(100, {1});
  m.add_topic(many);
  m.kill(1);
  const auto h = health_of(m.s, m.facts, m.leaders);
  CHECK(h.offline.count == 100);
  CHECK(h.offline.some.size() == partition_list::shown_max);
}

}  // namespace
}  // namespace weir::catalog
