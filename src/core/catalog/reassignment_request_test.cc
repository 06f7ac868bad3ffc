#include "core/catalog/reassignment_request.h"

#include "core/catalog/cluster_model_test.h"

namespace weir::catalog {
namespace {

using ids = std::vector<std::int32_t>;
using kind = reassignment_fault::kind;

TEST_CASE("what a client may ask of reassignments") {
  cluster_model m;
  m.add_brokers(5);
  const auto topic = m.add_topic({{1, 2, 3}});
  const partition_key key{topic, 0};
  const auto fault = [&](const partition_key& of, std::optional<replica_list> target,
                         bool may_change = true) -> std::optional<kind> {
    const auto checked = check_reassignment(m.s, m.facts, of, target, may_change);
    return checked ? std::nullopt : std::optional(checked.error().what);
  };
  const auto to = [](auto... nodes) { return replica_list{node_id(nodes)...}; };
  CHECK_FALSE(fault(key, to(3, 4, 5)));
  CHECK_FALSE(fault(key, to(3, 1, 2), false));
  CHECK(fault({topic, 1}, to(3, 4, 5)) == kind::unknown_partition);
  CHECK(fault({id_of(9), 0}, std::nullopt) == kind::unknown_partition);
  CHECK(fault(key, std::nullopt) == kind::none_in_progress);
  CHECK(fault(key, replica_list{}) == kind::assignment);
  CHECK(fault(key, to(1, 1)) == kind::assignment);
  CHECK(fault(key, to(1, 6)) == kind::assignment);
  CHECK_FALSE(fault(key, to(1)));
  CHECK(fault(key, to(1), false) == kind::replication_factor);

  REQUIRE(m.s.apply(command_of({{key, 0, to(4, 2)}})));
  CHECK_FALSE(fault(key, std::nullopt));
  CHECK(fault(key, to(1, 2, 3), false) == kind::replication_factor);
  CHECK_FALSE(fault(key, to(1, 2), false));
}

TEST_CASE("what is in progress") {
  cluster_model m;
  m.add_brokers(5);
  const auto topic = m.add_topic({{1, 2, 3}, {2, 3, 4}});
  CHECK(all_ongoing(m.s).empty());
  REQUIRE(m.s.apply(command_of({{{topic, 1}, 0, {node_id(5), node_id(3), node_id(1)}}})));
  const auto all = all_ongoing(m.s);
  REQUIRE(all.size() == 1);
  CHECK(all[0].key == partition_key{topic, 1});
  CHECK(numbers(all[0].replicas) == ids{5, 3, 1, 2, 4});
  CHECK(numbers(all[0].adding) == ids{5, 1});
  CHECK(numbers(all[0].removing) == ids{2, 4});
  CHECK_FALSE(ongoing(m.s, {topic, 0}));
  CHECK_FALSE(ongoing(m.s, {topic, 2}));
  REQUIRE(m.s.apply(cancelled(1000, 1)));
  CHECK(all_ongoing(m.s).empty());
}

}  // namespace
}  // namespace weir::catalog
