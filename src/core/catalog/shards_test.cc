// On which shard of its broker each copy is.
#include <catch2/catch_all.hpp>

#include <map>
#include <numeric>
#include <random>

#include "core/catalog/commands_test.h"
#include "core/catalog/shard_balancer.h"
#include "core/catalog/snapshot.h"

namespace weir::catalog {
namespace {

stored::broker_registered with_cores(std::uint64_t directory, std::int32_t cores) {
  auto c = registration(directory, static_cast<std::int32_t>(directory));
  c.cores = cores;
  return c;
}

state two_brokers() {
  state s;
  REQUIRE(s.apply(with_cores(1, 2)));
  REQUIRE(s.apply(with_cores(2, 3)));
  return s;
}

std::int32_t shard(const state& s, std::uint64_t topic, std::int32_t partition, int node) {
  return s.find(partition_key{id_of(topic), partition})->shard_on(node_id(node)).value_or(-1);
}

// What shard_loads says, counted again.
void check_loads(const state& s) {
  std::map<node_id, std::vector<std::uint32_t>> counted;
  for (const auto& [id, b] : s.brokers()) counted[id].resize(static_cast<std::size_t>(b.cores));
  for (const auto& [name, t] : s.topics()) {
    for (const auto& p : t->partitions) {
      for (const auto node : p.named()) {
        if (counted[node].empty()) continue;
        REQUIRE(p.shard_on(node));
        ++counted[node].at(static_cast<std::size_t>(*p.shard_on(node)));
      }
      for (const auto& at : p.seats()) REQUIRE(p.names(at.node));
    }
  }
  for (const auto& [id, b] : s.brokers()) CHECK(std::ranges::equal(s.shard_loads(id), counted[id]));
}

TEST_CASE("a new copy goes to the shard of its broker that has the fewest") {
  auto s = two_brokers();
  REQUIRE(s.apply(topic_on("a", 100, {{1, 2}, {1, 2}, {2}, {2}})));
  CHECK(shard(s, 100, 0, 1) == 0);
  CHECK(shard(s, 100, 1, 1) == 1);
  CHECK(shard(s, 100, 2, 1) == -1);
  CHECK(shard(s, 100, 0, 2) == 0);
  CHECK(shard(s, 100, 1, 2) == 1);
  CHECK(shard(s, 100, 2, 2) == 2);
  CHECK(shard(s, 100, 3, 2) == 0);
  check_loads(s);
}

TEST_CASE("a broker that comes back with other cores keeps what it can where it was") {
  auto s = two_brokers();
  REQUIRE(s.apply(topic_on("a", 100, {{1}, {1}, {1}, {1}, {1}, {1}})));
  SECTION("fewer") {
    REQUIRE(s.apply(with_cores(1, 1)));
    for (int p = 0; p < 6; ++p) CHECK(shard(s, 100, p, 1) == 0);
  }
  SECTION("more") {
    REQUIRE(s.apply(with_cores(1, 3)));
    CHECK(std::ranges::all_of(s.shard_loads(node_id(1)), [](auto n) { return n == 2; }));
    for (int p = 0; p < 4; ++p) CHECK(shard(s, 100, p, 1) == p % 2);
  }
  SECTION("none that it tells of") {
    REQUIRE(s.apply(with_cores(1, 0)));
    CHECK(shard(s, 100, 0, 1) == -1);
    REQUIRE(s.apply(with_cores(1, 2)));
    CHECK(s.shard_loads(node_id(1))[0] == 3);
  }
  check_loads(s);
}

TEST_CASE("copies made before anybody registered get shards when their broker comes") {
  state s;
  REQUIRE(s.apply(topic_on("old", 100, {{1}, {1}, {1}})));
  CHECK(shard(s, 100, 0, 1) == -1);
  REQUIRE(s.apply(with_cores(1, 2)));
  CHECK(shard(s, 100, 0, 1) == 0);
  CHECK(shard(s, 100, 1, 1) == 1);
  check_loads(s);
}

TEST_CASE("copies change shards by command, as far as they are there") {
  auto s = two_brokers();
  REQUIRE(s.apply(topic_on("a", 100, {{1}, {1}})));
  stored::shards_moved c;
  c.node_id = 1;
  const auto move = [&](std::uint64_t topic, std::int32_t partition, std::int32_t to) {
    auto& p = c.partitions.emplace_back();
    p.topic_id = id_of(topic);
    p.partition = partition;
    p.shard = to;
  };
  move(100, 0, 1);
  move(101, 0, 1);
  move(100, 7, 1);
  REQUIRE(s.apply(c));
  CHECK(shard(s, 100, 0, 1) == 1);
  check_loads(s);
  CHECK(s.apply(c).error() == refusal::stale_placement);
  move(100, 1, 2);
  CHECK(s.apply(c).error() == refusal::unknown_shard);
  c.node_id = 9;
  CHECK(s.apply(c).error() == refusal::unknown_broker);
}

TEST_CASE("what deleted topics leave uneven is evened out, and then nothing moves") {
  auto s = two_brokers();
  std::vector<std::vector<std::int32_t>> one{{1}};
  for (std::uint64_t n = 0; n < 60; ++n)
    REQUIRE(s.apply(topic_on(("t" + std::to_string(n)).c_str(), 100 + n, one)));
  for (std::uint64_t n = 1; n < 60; n += 2) {
    stored::topic_deleted gone;
    gone.topic_id = id_of(100 + n);
    REQUIRE(s.apply(gone));
  }
  CHECK(s.shard_loads(node_id(1))[0] == 30);
  CHECK_FALSE(plan_shards(s, node_id(2), 8));
  int plans = 0;
  while (const auto plan = plan_shards(s, node_id(1), 8)) {
    CHECK(plan->partitions.size() <= 8);
    REQUIRE(s.apply(*plan));
    check_loads(s);
    REQUIRE(++plans < 10);
  }
  CHECK(s.shard_loads(node_id(1))[1] >= 13);
}

TEST_CASE("random commands leave every copy on one shard, and snapshots keep it there") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    state s;
    std::uint64_t topics = 0;
    for (int step = 0; step < 80; ++step) {
      std::vector<std::int32_t> nodes(4);
      std::iota(nodes.begin(), nodes.end(), 1);
      std::ranges::shuffle(nodes, random);
      nodes.resize(static_cast<std::size_t>(1 + draw(3)));
      const auto topic =
          topics == 0 ? 0 : static_cast<std::uint64_t>(draw(static_cast<int>(topics)));
      switch (draw(6)) {
        case 0:
        case 1:
          if (s.apply(topic_on(("t" + std::to_string(topics)).c_str(), 100 + topics,
                               {nodes, {nodes.front()}})))
            ++topics;
          break;
        case 2:
          (void)s.apply(with_cores(static_cast<std::uint64_t>(1 + draw(4)), draw(5)));
          break;
        case 3: {
          stored::reassignments_begun c;
          auto& p = c.partitions.emplace_back();
          p.topic_id = id_of(100 + topic);
          for (const auto n : nodes) p.replicas.push_back(n);
          (void)s.apply(c);
          break;
        }
        case 4: {
          stored::reassignments_finished c;
          auto& p = c.partitions.emplace_back();
          p.topic_id = id_of(100 + topic);
          if (const auto* at = s.find(partition_key{p.topic_id, 0})) p.version = at->version();
          (void)s.apply(c);
          break;
        }
        default: {
          stored::topic_deleted c;
          c.topic_id = id_of(100 + topic);
          (void)s.apply(c);
        }
      }
      check_loads(s);
    }
    const auto again = decode_snapshot(encode_snapshot(s));
    REQUIRE(again);
    CHECK(*again == s);
    check_loads(*again);
  }
}

}  // namespace
}  // namespace weir::catalog
