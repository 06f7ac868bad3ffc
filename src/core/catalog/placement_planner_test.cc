#include "core/catalog/placement_planner.h"

#include "core/catalog/assignment_check.h"
#include "core/catalog/cluster_model_test.h"

namespace weir::catalog {
namespace {

using ids = std::vector<std::int32_t>;

TEST_CASE("a topic's replicas and leaders are spread evenly") {
  for (const int brokers : {1, 2, 3, 4, 5, 7, 12}) {
    for (int factor = 1; factor <= std::min(brokers, 5); ++factor) {
      for (const int partitions : {1, 2, 3, 6, 50}) {
        cluster_model m;
        m.add_brokers(brokers);
        const auto topic = m.plan_topic(partitions, factor);
        INFO(brokers << " brokers, factor " << factor << ", " << partitions << " partitions");
        CHECK(unevenness(m.replica_counts(topic)) <= 1);
        CHECK(unevenness(m.leader_counts(topic)) <= 1);
      }
    }
  }
}

TEST_CASE("many topics together are even, too, each over all racks") {
  for (const int racks : {1, 2, 3, 4}) {
    cluster_model m;
    m.add_brokers(racks * 3, racks);
    for (int i = 0; i < 40; ++i) m.plan_topic(1 + i % 7, 1 + i % 3);
    CHECK(unevenness(m.replica_counts()) <= 1);
    CHECK(unevenness(m.leader_counts()) <= 2);
    m.for_each([&](const partition_key&, const placement& at) {
      CHECK(well_formed(at.replicas()));
      CHECK(m.racks_of(at) == std::min(at.replicas().size(), static_cast<std::size_t>(racks)));
    });
  }
}

TEST_CASE("racks of different sizes: each has a copy where they can") {
  cluster_model m;
  for (const char* rack : {"a", "a", "a", "a", "b", "c"}) m.add_broker(rack);
  const auto topic = m.plan_topic(12, 3);
  m.for_each([&](const partition_key&, const placement& at) { CHECK(m.racks_of(at) == 3); });
  const auto counts = m.replica_counts(topic);
  CHECK(counts.at(5) == 12);
  CHECK(counts.at(6) == 12);
  for (const auto node : {1, 2, 3, 4}) CHECK(counts.at(node) == 3);
}

TEST_CASE("brokers that should get nothing get nothing, unless it can't be helped") {
  cluster_model m;
  m.add_brokers(6);
  m.want(1, broker_state::draining);
  m.want(2, broker_state::maintenance);
  m.kill(3);
  const auto topic = m.plan_topic(10, 3);
  const auto counts = m.replica_counts(topic);
  CHECK(counts.at(1) == 0);
  CHECK(counts.at(2) == 0);
  CHECK(counts.at(3) == 0);
  // Five are needed: the one in maintenance comes back soonest.
  const auto larger = m.plan_topic(1, 5);
  const auto& at = *m.s.find(partition_key{larger, 0});
  CHECK_FALSE(at.names(node_id(1)));
  CHECK(numbers(at.replicas())[3] == 2);  // and does not lead
  CHECK(numbers(at.replicas())[4] == 3);
}

TEST_CASE("with equal counts, the emptier disk; a full one only if need be") {
  cluster_model m;
  m.add_brokers(4, 0, 1000);
  m.facts[node_id(1)].disk_used = 900;
  m.facts[node_id(2)].disk_used = 500;
  m.facts[node_id(3)].disk_used = 100;
  m.facts[node_id(4)].disk_used = 300;
  CHECK(numbers((*placement_planner(m.s, m.facts).place(1, 2))[0]) == ids{3, 4});
  CHECK(numbers((*placement_planner(m.s, m.facts).place(1, 4))[0]).back() == 1);
}

TEST_CASE("more partitions of a topic go where it has few") {
  cluster_model m;
  m.add_brokers(3);
  const auto topic = m.add_topic({{1}, {1}, {2}});
  m.add_topic({{3}, {3}, {3}, {3}});
  const auto more = placement_planner(m.s, m.facts).place(3, 1, m.s.find(topic));
  REQUIRE(more);
  CHECK(numbers((*more)[0]) == ids{3});
  CHECK(numbers((*more)[1]) == ids{2});
  CHECK(numbers((*more)[2]) == ids{3});
}

TEST_CASE("plans add up") {
  cluster_model m;
  m.add_brokers(3);
  placement_planner planner(m.s, m.facts);
  std::set<std::int32_t> used;
  for (int i = 0; i < 3; ++i) used.insert((*planner.place(1, 1))[0][0].value());
  CHECK(used.size() == 3);
}

TEST_CASE("what can't be placed, in Kafka's words") {
  cluster_model m;
  using kind = placement_fault::kind;
  const auto fault = [&](std::int32_t count, std::int32_t factor) {
    return placement_planner(m.s, m.facts).place(count, factor).error();
  };
  CHECK(fault(1, 1).message ==
        "Unable to replicate the partition 1 time(s): All brokers are currently fenced.");
  m.add_brokers(2);
  CHECK(fault(1, 3).what == kind::replication_factor);
  CHECK(fault(1, 3).message ==
        "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be "
        "reached because only 2 broker(s) are registered.");
  CHECK(fault(1, 0).what == kind::replication_factor);
  CHECK(fault(0, 1).what == kind::partitions);
  m.kill(1);
  m.kill(2);
  CHECK(fault(1, 1).what == kind::replication_factor);
}

std::string told(const cluster_model& m, std::vector<wished_partition> wished) {
  const auto checked = check_assignments(m.s, m.facts, std::move(wished));
  if (checked) return "fine";
  CHECK(checked.error().what == placement_fault::kind::assignment);
  return checked.error().message;
}

TEST_CASE("assignments by hand") {
  cluster_model m;
  m.add_brokers(3);
  const auto r = [](auto... nodes) { return replica_list{node_id(nodes)...}; };
  CHECK(told(m, {{1, r(2, 1)}, {0, r(1, 3)}}) == "fine");
  const auto ordered = check_assignments(m.s, m.facts, {{1, r(2, 1)}, {0, r(1, 3)}});
  CHECK(numbers((*ordered)[0]) == ids{1, 3});
  CHECK(numbers((*ordered)[1]) == ids{2, 1});
  CHECK(told(m, {{0, {}}}) == "The manual partition assignment includes an empty replica list.");
  CHECK(told(m, {{0, r(1, 2, 1)}}) ==
        "The manual partition assignment includes the broker 1 more than once.");
  CHECK(told(m, {{0, r(1, 9)}}) ==
        "The manual partition assignment includes broker 9, but no such broker is registered.");
  CHECK(told(m, {{0, r(1)}, {0, r(2)}}) ==
        "Found multiple manual partition assignments for partition 0");
  CHECK(told(m, {{0, r(1)}, {2, r(2)}}) ==
        "partitions should be a consecutive 0-based integer sequence");
  CHECK(told(m, {{0, r(1, 2)}, {1, r(2)}}) ==
        "The manual partition assignment includes a partition with 1 replica(s), but this is not "
        "consistent with previous partitions, which have 2 replica(s).");
  m.kill(2);
  CHECK(told(m, {{0, r(1, 2)}}) == "fine");
  CHECK(told(m, {{0, r(2)}}) ==
        "All brokers specified in the manual partition assignment for partition 0 are fenced or in "
        "controlled shutdown.");
}

}  // namespace
}  // namespace weir::catalog
