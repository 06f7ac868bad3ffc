#include "core/catalog/replica_balancer.h"

#include "core/catalog/cluster_model_test.h"

namespace weir::catalog {
namespace {

constexpr std::int64_t long_ago = 3'600'000;

// Carries plans out until there is none; what was in the way at last.
std::vector<obstacle> settle(cluster_model& m, const balance_limits& limits = {}) {
  for (int rounds = 0; rounds < 1000; ++rounds) {
    auto plan = plan_moves(m.s, m.facts, m.leaders, limits);
    CHECK(plan.moves.size() <= limits.moves_max);
    CHECK(plan.moves == plan_moves(m.s, m.facts, m.leaders, limits).moves);
    if (plan.moves.empty()) return plan.obstacles;
    for (const auto& move : plan.moves) {
      REQUIRE(well_formed(move.target));
      REQUIRE(move.target.size() == m.s.find(move.key)->replicas().size());
      REQUIRE(move.version == m.s.find(move.key)->version());
    }
    m.carry_out(plan.moves);
  }
  FAIL("moves without end");
  return {};
}

TEST_CASE("a cluster that is even stays as it is") {
  cluster_model m;
  m.add_brokers(6, 3);
  for (int i = 0; i < 10; ++i) m.plan_topic(7, 3);
  CHECK(plan_moves(m.s, m.facts, m.leaders, {}).moves.empty());
}

TEST_CASE("new brokers get their share") {
  cluster_model m;
  m.add_brokers(3);
  for (int i = 0; i < 5; ++i) m.plan_topic(12, 3, 10);
  m.add_brokers(2);
  CHECK(plan_moves(m.s, m.facts, m.leaders, {.spread = false}).moves.empty());
  CHECK(settle(m).empty());
  CHECK(unevenness(m.replica_counts()) <= 1);
  std::map<std::int32_t, int> preferred;
  m.for_each([&](const partition_key&, const placement& at) {
    ++preferred[at.replicas().front().value()];
  });
  CHECK(preferred.size() == 5);
  CHECK(unevenness(preferred) <= 2);
}

TEST_CASE("a dead broker's copies are made anew, after a time") {
  cluster_model m;
  m.add_brokers(5);
  m.plan_topic(20, 3);
  m.kill(4, long_ago);
  CHECK(plan_moves(m.s, m.facts, m.leaders, {.dead_after_ms = long_ago + 1}).moves.empty());
  CHECK(plan_moves(m.s, m.facts, m.leaders, {.dead_after_ms = -1}).moves.empty());
  const auto plan = plan_moves(m.s, m.facts, m.leaders, {.moves_max = 5});
  REQUIRE(plan.moves.size() == 5);
  for (const auto& move : plan.moves) CHECK(move.why == move_reason::broker_dead);
  CHECK(settle(m).empty());
  CHECK(m.replica_counts().at(4) == 0);
}

TEST_CASE("moves that are under way count") {
  cluster_model m;
  m.add_brokers(5);
  m.plan_topic(20, 3);
  m.want(4, broker_state::draining);
  const auto first = plan_moves(m.s, m.facts, m.leaders, {.moves_max = 5});
  REQUIRE(m.s.apply(command_of(first.moves)));
  CHECK(plan_moves(m.s, m.facts, m.leaders, {.moves_max = 5}).moves.empty());
  const auto next = plan_moves(m.s, m.facts, m.leaders, {.moves_max = 8}).moves;
  CHECK(next.size() == 3);
  for (const auto& move : next) {
    CHECK(std::ranges::none_of(first.moves, [&](const auto& f) { return f.key == move.key; }));
  }
  // The plan was made for placements that are no more.
  CHECK(m.s.apply(command_of(first.moves)).error() == refusal::stale_placement);
}

TEST_CASE("a decommissioned broker is emptied, and can go") {
  cluster_model m;
  m.add_brokers(6, 3);
  for (int i = 0; i < 4; ++i) m.plan_topic(9, 3);
  m.want(2, broker_state::draining);
  CHECK(m.s.apply(unregistered(2)).error() == refusal::broker_in_use);
  CHECK(settle(m).empty());
  CHECK(m.replica_counts().at(2) == 0);
  m.for_each([&](const partition_key&, const placement& at) { CHECK(m.racks_of(at) == 3); });
  CHECK(m.s.apply(unregistered(2)));
}

TEST_CASE("why a decommission does not go on") {
  using kind = obstacle::kind;
  cluster_model m;
  SECTION("there are as many brokers as copies") {
    m.add_brokers(3);
    const auto topic = m.plan_topic(4, 3);
    m.want(3, broker_state::draining);
    CHECK(settle(m) == std::vector<obstacle>{{node_id(3), kind::too_few_brokers, 4, {topic, 0}}});
    CHECK(m.replica_counts().at(3) == 4);
  }
  SECTION("the disks of the others are full") {
    m.add_brokers(3, 0, 1000);
    const auto topic = m.add_topic({{1, 2}, {1, 2}}, 300);
    m.facts[node_id(3)].disk_used = 600;
    m.want(2, broker_state::draining);
    CHECK(settle(m) == std::vector<obstacle>{{node_id(2), kind::disks_full, 2, {topic, 0}}});
  }
  SECTION("partitions have no majority") {
    m.add_brokers(4);
    const auto topic = m.add_topic({{1, 2}, {3, 2}});
    m.want(2, broker_state::draining);
    m.kill(1);
    CHECK(settle(m) == std::vector<obstacle>{{node_id(2), kind::no_majority, 1, {topic, 0}}});
    CHECK(m.replica_counts().at(2) == 1);
  }
}

TEST_CASE("two copies on dead brokers move in one step") {
  cluster_model m;
  m.add_brokers(8);
  const auto topic = m.add_topic({{1, 2, 3, 4, 5}});
  m.kill(2, long_ago);
  m.kill(4, long_ago);
  const auto plan = plan_moves(m.s, m.facts, m.leaders, {});
  REQUIRE(plan.moves.size() == 1);
  CHECK(plan.moves[0].key == partition_key{topic, 0});
  CHECK(numbers(plan.moves[0].target) == std::vector<std::int32_t>{1, 6, 3, 7, 5});
}

TEST_CASE("bytes leave full disks, and no disk is filled by that") {
  cluster_model m;
  m.add_brokers(4, 0, 10'000);
  for (int i = 0; i < 10; ++i) m.add_topic({{1, 2}}, 850);
  for (int i = 0; i < 10; ++i) m.add_topic({{3, 4}}, 10);
  CHECK(m.facts[node_id(1)].disk_used == 8500);
  const auto plan = plan_moves(m.s, m.facts, m.leaders, {});
  REQUIRE(!plan.moves.empty());
  CHECK(plan.moves[0].why == move_reason::disk_full);
  settle(m);
  for (const auto& [id, f] : m.facts) CHECK(f.disk_used < 8000);
}

TEST_CASE("copies that share a rack are spread over the others") {
  cluster_model m;
  m.add_brokers(6, 3);  // rack-0: 1 and 4; rack-1: 2 and 5; rack-2: 3 and 6
  m.add_topic({{1, 4, 2}, {2, 5, 3}, {1, 2, 3}});
  settle(m);
  m.for_each([&](const partition_key&, const placement& at) { CHECK(m.racks_of(at) == 3); });
}

TEST_CASE("in any cluster moves end, and keep what they should") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    cluster_model m;
    const auto racks = static_cast<int>(below(4));
    const auto brokers = 3 + static_cast<int>(below(7));
    m.add_brokers(brokers, racks, below(2) == 0 ? 0 : 100'000);
    for (auto topics = 1 + below(10); topics > 0; --topics)
      m.plan_topic(1 + static_cast<std::int32_t>(below(12)),
                   1 + static_cast<std::int32_t>(below(3)), 1 + below(3000));
    m.add_brokers(static_cast<int>(below(3)), racks, 100'000);
    if (below(2) == 0) m.want(1, broker_state::draining);
    if (below(2) == 0) m.want(2, broker_state::maintenance);
    if (below(2) == 0) m.kill(3, long_ago);
    std::map<std::pair<uuid, std::int32_t>, std::size_t> racks_before;
    m.for_each([&](const partition_key& key, const placement& at) {
      racks_before[{key.topic_id, key.partition}] = m.racks_of(at);
    });
    INFO("seed " << seed);
    const auto obstacles = settle(m, {.moves_max = 1 + below(30)});
    m.for_each([&](const partition_key& key, const placement& at) {
      for (const auto id : at.replicas()) {
        const bool unwanted =
            m.s.find_broker(id)->state == broker_state::draining || !alive(m.facts, id);
        const bool told = std::ranges::any_of(
            obstacles, [&](const auto& o) { return o.broker == id && o.partitions > 0; });
        CHECK(unwanted == (unwanted && told));
      }
      // Fewer racks only if there are no more.
      std::set<std::string> usable;
      for (const auto& [id, b] : m.s.brokers()) {
        if (takes_work(m.s, m.facts, id))
          usable.insert(b.rack.empty() ? "node " + std::to_string(id.value()) : b.rack);
      }
      CHECK(m.racks_of(at) >= std::min(racks_before[{key.topic_id, key.partition}], usable.size()));
    });
    for (const auto& [id, f] : m.facts) CHECK((f.disk_bytes == 0 || f.disk_used < f.disk_bytes));
  }
}

}  // namespace
}  // namespace weir::catalog
