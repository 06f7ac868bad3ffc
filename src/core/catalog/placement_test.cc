#include <catch2/catch_all.hpp>

#include "core/catalog/commands_test.h"

namespace weir::catalog {
namespace {

using ids = std::vector<std::int32_t>;

state with_brokers(std::uint64_t count) {
  state s;
  for (std::uint64_t d = 1; d <= count; ++d) REQUIRE(s.apply(registration(d)));
  return s;
}

const placement& at(const state& s, std::int32_t partition = 0) {
  const auto* p = s.find(partition_key{id_of(100), partition});
  REQUIRE(p);
  return *p;
}

TEST_CASE("a partition moves") {
  auto s = with_brokers(5);
  REQUIRE(s.apply(topic_on("t", 100, {{1, 2, 3}})));
  CHECK(at(s).version() == 0);
  CHECK(at(s).settled());
  CHECK_FALSE(at(s).moved());
  CHECK(numbers(at(s).wanted()) == ids{1, 2, 3});

  REQUIRE(s.apply(begun(100, 0, {4, 5, 1})));
  CHECK(at(s).version() == 1);
  CHECK(at(s).reassigning());
  CHECK(numbers(at(s).replicas()) == ids{1, 2, 3});
  CHECK(numbers(at(s).wanted()) == ids{4, 5, 1});
  CHECK(numbers(at(s).assigned()) == ids{4, 5, 1, 2, 3});
  CHECK(numbers(at(s).adding()) == ids{4, 5});
  CHECK(numbers(at(s).removing()) == ids{2, 3});
  for (std::int32_t node = 1; node <= 5; ++node) CHECK(at(s).names(node_id(node)));
  CHECK_FALSE(at(s).moved());

  CHECK(s.apply(finished(100, 0, 0)).error() == refusal::stale_placement);
  REQUIRE(s.apply(finished(100, 0, 1)));
  CHECK(at(s).version() == 2);
  CHECK(at(s).settled());
  CHECK(at(s).moved());
  CHECK(numbers(at(s).replicas()) == ids{4, 5, 1});
  CHECK_FALSE(at(s).names(node_id(2)));
  CHECK(s.replica_count(node_id(2)) == 0);
  CHECK(s.replica_count(node_id(4)) == 1);
  CHECK(s.apply(finished(100, 0, 1)).error() == refusal::stale_placement);
  CHECK(s.apply(finished(100, 0, 2)).error() == refusal::stale_placement);
}

TEST_CASE("a cancelled move keeps its copies until Raft has gone back") {
  auto s = with_brokers(5);
  REQUIRE(s.apply(topic_on("t", 100, {{1, 2, 3}})));
  CHECK(s.apply(cancelled(100, 0)).error() == refusal::no_reassignment);
  REQUIRE(s.apply(begun(100, 0, {3, 4, 5})));
  CHECK(s.apply(cancelled(100, 0, 0)).error() == refusal::stale_placement);
  REQUIRE(s.apply(cancelled(100, 0, 1)));
  CHECK_FALSE(at(s).reassigning());
  CHECK_FALSE(at(s).settled());
  CHECK(numbers(at(s).wanted()) == ids{1, 2, 3});
  CHECK(numbers(at(s).assigned()) == ids{1, 2, 3});
  CHECK(numbers(at(s).leaving()) == ids{4, 5});
  CHECK(at(s).names(node_id(4)));
  CHECK(s.apply(unregistered(4)).error() == refusal::broker_in_use);
  // The leader had said so of the move, which is not what is wanted any more.
  CHECK(s.apply(finished(100, 0, 1)).error() == refusal::stale_placement);
  REQUIRE(s.apply(finished(100, 0, 2)));
  CHECK(at(s).settled());
  CHECK_FALSE(at(s).moved());
  CHECK_FALSE(at(s).names(node_id(4)));
  REQUIRE(s.apply(unregistered(4)));
}

TEST_CASE("a move that is replaced by another one") {
  auto s = with_brokers(6);
  REQUIRE(s.apply(topic_on("t", 100, {{1, 2}})));
  REQUIRE(s.apply(begun(100, 0, {3, 4})));
  REQUIRE(s.apply(begun(100, 0, {4, 5})));
  CHECK(numbers(at(s).leaving()) == ids{3});
  CHECK(numbers(at(s).named()) == ids{1, 2, 4, 5, 3});
  SECTION("by one that takes back who was leaving") {
    REQUIRE(s.apply(begun(100, 0, {3, 1})));
    CHECK(numbers(at(s).leaving()) == ids{4, 5});
    CHECK(numbers(at(s).adding()) == ids{3});
  }
  SECTION("by staying, in another order") {
    REQUIRE(s.apply(begun(100, 0, {2, 1})));
    CHECK_FALSE(at(s).reassigning());
    CHECK(numbers(at(s).replicas()) == ids{2, 1});
    CHECK(numbers(at(s).leaving()) == ids{3, 4, 5});
    CHECK_FALSE(at(s).moved());
  }
  SECTION("and finished") {
    REQUIRE(s.apply(finished(100, 0, 2)));
    CHECK(numbers(at(s).named()) == ids{4, 5});
  }
}

TEST_CASE("another preferred leader is in effect at once") {
  auto s = with_brokers(3);
  REQUIRE(s.apply(topic_on("t", 100, {{1, 2, 3}})));
  REQUIRE(s.apply(begun(100, 0, {3, 1, 2})));
  CHECK(at(s).settled());
  CHECK(at(s).version() == 1);
  CHECK_FALSE(at(s).moved());
  CHECK(numbers(at(s).replicas()) == ids{3, 1, 2});
}

TEST_CASE("all partitions of a command or none") {
  auto s = with_brokers(3);
  REQUIRE(s.apply(topic_on("t", 100, {{1}, {2}, {3}})));
  auto c = begun(100, 0, {2});
  const auto add = [&](const stored::reassignments_begun& more) {
    c.partitions.push_back(more.partitions[0]);
  };
  SECTION("one of no such partition") {
    add(begun(100, 3, {2}));
    CHECK(s.apply(c).error() == refusal::unknown_partition);
  }
  SECTION("one below zero") {
    add(begun(100, -1, {2}));
    CHECK(s.apply(c).error() == refusal::unknown_partition);
  }
  SECTION("one twice") {
    add(begun(100, 0, {3}));
    CHECK(s.apply(c).error() == refusal::partition_repeated);
  }
  SECTION("one that changed") {
    add(begun(100, 1, {3}, 4));
    CHECK(s.apply(c).error() == refusal::stale_placement);
  }
  SECTION("one to nowhere") {
    add(begun(100, 1, {}));
    CHECK(s.apply(c).error() == refusal::malformed_replicas);
  }
  SECTION("one twice to the same") {
    add(begun(100, 1, {1, 1}));
    CHECK(s.apply(c).error() == refusal::malformed_replicas);
  }
  SECTION("one to a stranger") {
    add(begun(100, 1, {9}));
    CHECK(s.apply(c).error() == refusal::unknown_broker);
  }
  CHECK(at(s, 0).version() == 0);
  CHECK(at(s, 1).version() == 0);
}

TEST_CASE("of what leaders say they finished, stale parts are passed over") {
  auto s = with_brokers(3);
  REQUIRE(s.apply(topic_on("t", 100, {{1}, {2}, {3}})));
  auto c = begun(100, 0, {2});
  c.partitions.push_back(begun(100, 1, {3}).partitions[0]);
  REQUIRE(s.apply(c));
  REQUIRE(s.apply(begun(100, 1, {1})));
  auto f = finished(100, 0, 1);
  f.partitions.push_back(finished(100, 1, 1).partitions[0]);
  f.partitions.push_back(finished(100, 2, 0).partitions[0]);
  f.partitions.push_back(finished(999, 2, 0).partitions[0]);
  REQUIRE(s.apply(f));
  CHECK(at(s, 0).settled());
  CHECK_FALSE(at(s, 1).settled());
  CHECK(at(s, 2).version() == 0);
}

TEST_CASE("targets given up don't pile up") {
  auto s = with_brokers(replicas_max + 2);
  REQUIRE(s.apply(topic_on("t", 100, {{1}})));
  for (std::int32_t node = 2; node <= static_cast<std::int32_t>(replicas_max); ++node) {
    REQUIRE(s.apply(begun(100, 0, {node})));
  }
  CHECK(at(s).named().size() == replicas_max);
  CHECK(s.apply(begun(100, 0, {static_cast<std::int32_t>(replicas_max) + 1})).error() ==
        refusal::too_many_leaving);
  REQUIRE(s.apply(begun(100, 0, {2})));
  REQUIRE(s.apply(cancelled(100, 0)));
  REQUIRE(s.apply(finished(100, 0, at(s).version())));
  CHECK(at(s).named().size() == 1);
}

TEST_CASE("counts of replicas follow everything that happens") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    random_commands random(seed);
    state s;
    std::size_t applied = 0;
    for (int i = 0; i < 400; ++i) applied += s.apply(random.next()) ? 1 : 0;
    CHECK(applied > 50);
    std::map<node_id, std::size_t> counted;
    std::size_t partitions = 0;
    for (const auto& [name, t] : s.topics()) {
      for (const auto& p : t->partitions) {
        ++partitions;
        for (const auto node : p.named()) ++counted[node];
      }
    }
    CHECK(partitions == s.partition_count());
    for (std::int32_t node = 0; node < 12; ++node) {
      const auto found = counted.find(node_id(node));
      CHECK(s.replica_count(node_id(node)) == (found == counted.end() ? 0 : found->second));
    }
  }
}

}  // namespace
}  // namespace weir::catalog
