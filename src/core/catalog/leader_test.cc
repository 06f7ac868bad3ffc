#include "core/catalog/cluster_model_test.h"
#include "core/catalog/leader_balancer.h"

namespace weir::catalog {
namespace {

TEST_CASE("of two leaders, the one of the higher term") {
  cluster_model m;
  m.add_brokers(3);
  const auto topic = id_of(1);
  REQUIRE(m.s.apply(topic_on("t", 1, {{1, 2, 3}, {1, 2, 3}})));
  leader_table t;
  using outcome = leader_table::outcome;
  const auto say = [&](std::int32_t partition, std::int32_t leader, std::uint64_t at) {
    return t.take(m.s, {.key = {topic, partition},
                        .leader = node_id(leader),
                        .term = term(at),
                        .bytes = at * 10,
                        .behind = {node_id(3)}});
  };
  const partition_key key{topic, 1};
  CHECK(t.find(key) == nullptr);
  CHECK(t.leader_of(key) == no_node);
  CHECK(say(1, 1, 5) == outcome::changed);
  CHECK(t.leader_of({topic, 0}) == no_node);
  CHECK(say(1, 2, 4) == outcome::ignored);
  CHECK(say(1, 2, 5) == outcome::ignored);
  CHECK(say(1, 1, 5) == outcome::refreshed);
  CHECK(say(1, 2, 6) == outcome::changed);
  CHECK(say(1, 2, 7) == outcome::changed);
  CHECK(t.leader_of(key) == node_id(2));
  CHECK(t.bytes_of(key) == 70);
  CHECK(t.find(key)->is_behind(node_id(3)));
  CHECK_FALSE(t.find(key)->is_behind(node_id(1)));

  CHECK(t.drop_leader(node_id(1)) == 0);
  CHECK(t.drop_leader(node_id(2)) == 1);
  CHECK(t.leader_of(key) == no_node);
  CHECK(say(1, 3, 6) == outcome::ignored);
  CHECK(say(1, 2, 7) == outcome::changed);  // it was only away

  CHECK(say(2, 1, 9) == outcome::ignored);
  CHECK(say(-1, 1, 9) == outcome::ignored);
  CHECK(t.take(m.s, {.key = {id_of(9), 0}, .leader = node_id(1), .term = term(1)}) ==
        outcome::ignored);
  stored::topic_deleted gone;
  gone.topic_id = topic;
  REQUIRE(m.s.apply(gone));
  t.forget_missing(m.s);
  CHECK(t.find(key) == nullptr);
  CHECK(sizeof(leader_table::entry) <= 32);
}

std::size_t settle(cluster_model& m, std::size_t most = 7) {
  for (std::size_t rounds = 0; rounds < 500; ++rounds) {
    const auto plan = plan_transfers(m.s, m.facts, m.leaders, most);
    CHECK(plan.size() <= most);
    CHECK(plan == plan_transfers(m.s, m.facts, m.leaders, most));
    if (plan.empty()) return rounds;
    m.carry_out(plan);
  }
  FAIL("transfers without end");
  return 0;
}

TEST_CASE("after a restart leaders go back to where they are preferred") {
  cluster_model m;
  m.add_brokers(5);
  for (int i = 0; i < 8; ++i) m.plan_topic(10, 3);
  CHECK(settle(m) == 0);
  // All of broker 2's are led by others meanwhile.
  m.kill(2);
  m.for_each([&](const partition_key& key, const placement& at) {
    if (m.leaders.leader_of(key) == no_node) m.lead(key, at.replicas()[1]);
  });
  m.facts[node_id(2)].alive = true;
  settle(m);
  m.for_each([&](const partition_key& key, const placement& at) {
    CHECK(m.leaders.leader_of(key) == at.replicas().front());
  });
}

TEST_CASE("a circle of leaders at one another's places is put right") {
  cluster_model m;
  m.add_brokers(3);
  const auto topic = m.add_topic({{1, 2, 3}, {2, 3, 1}, {3, 1, 2}});
  m.lead({topic, 0}, node_id(2));
  m.lead({topic, 1}, node_id(3));
  m.lead({topic, 2}, node_id(1));
  CHECK(plan_transfers(m.s, m.facts, m.leaders, 3).size() == 3);
  // Two of them would be worse than none.
  CHECK(plan_transfers(m.s, m.facts, m.leaders, 2).empty());
}

TEST_CASE("leaders leave brokers in maintenance and those that drain") {
  cluster_model m;
  m.add_brokers(4);
  m.plan_topic(40, 3);
  m.add_topic({{2}});  // can't go anywhere
  m.want(2, broker_state::maintenance);
  m.want(3, broker_state::draining);
  settle(m);
  const auto counts = m.leader_counts();
  CHECK(counts.at(2) == 1);
  CHECK(counts.at(3) == 0);
  CHECK(std::abs(counts.at(1) - counts.at(4)) <= 1);
  m.want(2, broker_state::active);
  m.want(3, broker_state::active);
  settle(m);
  CHECK(unevenness(m.leader_counts()) <= 1);
}

TEST_CASE("nobody leads who is behind or down") {
  cluster_model m;
  m.add_brokers(3);
  const auto topic = m.add_topic({{1, 2}, {1, 3}, {1, 2}, {1, 3}});
  for (std::int32_t i = 0; i < 4; ++i)
    m.lead({topic, i}, node_id(1), 0, {node_id(i % 2 == 0 ? 2 : 3)});
  CHECK(plan_transfers(m.s, m.facts, m.leaders, 10).empty());
  for (std::int32_t i = 0; i < 4; ++i) m.lead({topic, i}, node_id(1));
  m.kill(2);
  for (const auto& t : plan_transfers(m.s, m.facts, m.leaders, 10)) CHECK(t.to == node_id(3));
}

TEST_CASE("load goes over a third broker where there is no straight way") {
  cluster_model m;
  m.add_brokers(3);
  m.add_topic({{1, 2}, {1, 2}, {1, 2}, {2, 3}, {2, 3}, {3}});
  settle(m);
  CHECK(unevenness(m.leader_counts()) == 0);
}

TEST_CASE("the leaders of a topic are spread where it costs nothing else") {
  cluster_model m;
  m.add_brokers(4);
  m.want(4, broker_state::maintenance);
  const auto topic = m.add_topic({{4, 1, 2, 3}, {4, 1, 2, 3}, {4, 1, 2, 3}});
  m.add_topic({{4, 3, 1, 2}, {4, 3, 1, 2}, {4, 2, 1, 3}});
  settle(m);
  CHECK(m.leader_counts(topic).at(4) == 0);
  auto counts = m.leader_counts(topic);
  counts.erase(4);
  CHECK(unevenness(counts) <= 1);
}

TEST_CASE("in any cluster the transfers end, and leave leaders even") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    cluster_model m;
    const auto brokers = 2 + static_cast<int>(below(8));
    m.add_brokers(brokers);
    for (auto topics = 1 + below(10); topics > 0; --topics)
      m.plan_topic(
          1 + static_cast<std::int32_t>(below(12)),
          1 + static_cast<std::int32_t>(below(static_cast<std::uint64_t>(std::min(brokers, 3)))));
    m.for_each([&](const partition_key& key, const placement& at) {
      replica_list behind;
      const auto leader = at.replicas()[below(at.replicas().size())];
      for (const auto id : at.replicas()) {
        if (id != leader && below(10) == 0) behind.push_back(id);
      }
      m.lead(key, leader, 0, behind);
    });
    if (brokers > 2 && below(2) == 0) m.want(1, broker_state::maintenance);
    if (brokers > 3 && below(2) == 0) m.kill(2);
    INFO("seed " << seed);
    settle(m, 10 + below(10));
    // Nobody can be given a leader by one that has two more.
    auto counts = m.leader_counts();
    m.for_each([&](const partition_key& key, const placement& at) {
      const auto from = m.leaders.leader_of(key);
      if (from == no_node) return;
      for (const auto to : at.replicas()) {
        if (!takes_work(m.s, m.facts, to)) continue;
        if (to == from || m.leaders.find(key)->is_behind(to)) continue;
        CHECK(takes_work(m.s, m.facts, from));
        CHECK(counts[to.value()] + 2 > counts[from.value()]);
      }
    });
  }
}

TEST_CASE("elections of preferred leaders, one by one") {
  cluster_model m;
  m.add_brokers(3);
  const auto topic = m.add_topic({{1, 2, 3}, {2, 3, 1}, {3, 1, 2}, {2, 1, 3}});
  m.lead({topic, 0}, node_id(2));
  m.lead({topic, 2}, node_id(1), 0, {node_id(3)});
  m.leaders.drop_leader(node_id(9));
  using answer = preferred_election::answer;
  const auto ask = [&](std::int32_t partition) {
    return plan_preferred(m.s, m.facts, m.leaders, {topic, partition});
  };
  CHECK(ask(0).what == answer::transfer);
  CHECK(ask(0).to == node_id(1));
  CHECK(ask(0).from == node_id(2));
  CHECK(ask(1).what == answer::not_needed);
  CHECK(ask(2).what == answer::preferred_not_available);
  CHECK(ask(7).what == answer::unknown_partition);
  m.kill(2);
  CHECK(ask(1).what == answer::leaderless);
}

}  // namespace
}  // namespace weir::catalog
