#include <catch2/catch_test_macros.hpp>

#include "cli/offline/catalog_check.h"

namespace weir::offline {
namespace {

TEST_CASE("what happens to brokers, in words") {
  stored::broker_registered here;
  here.broker_id = {1, 2};
  here.peer_host = "10.0.0.1";
  here.peer_port = 9093;
  here.software_version = "0.1.0\n";
  CHECK(
      in_words(here) ==
      "broker registered: AAAAAAAAAAEAAAAAAAAAAg at 10.0.0.1:9093, version 0.1.0\\n, wishes to be "
      "node -1");
  stored::broker_unregistered gone;
  gone.node_id = 4;
  CHECK(in_words(gone) == "broker unregistered: node 4");
  stored::broker_state_changed state;
  state.node_id = 4;
  state.state = 1;
  CHECK(in_words(state) == "broker state changed: node 4, now draining");
  state.state = 77;
  CHECK(in_words(state) == "broker state changed: node 4, now of a newer version");
  stored::feature_levels_changed levels;
  levels.features.emplace_back().name = "weir.version";
  levels.features[0].level = 3;
  levels.features.emplace_back().name = "group.version";
  CHECK(in_words(levels) == "feature levels changed: weir.version 3, group.version 0");
}

TEST_CASE("copies on other shards in words") {
  stored::shards_moved moved;
  moved.node_id = 4;
  auto& p = moved.partitions.emplace_back();
  p.topic_id = {1, 2};
  p.partition = 3;
  p.shard = 7;
  CHECK(in_words(moved) == "shards moved on node 4: AAAAAAAAAAEAAAAAAAAAAg-3 to 7");
}

TEST_CASE("reassignments in words") {
  stored::reassignments_begun begun;
  auto& p = begun.partitions.emplace_back();
  p.topic_id = {1, 2};
  p.partition = 3;
  for (const std::int32_t node : {4, 5}) p.replicas.push_back(node);
  CHECK(in_words(begun) == "reassignments begun: AAAAAAAAAAEAAAAAAAAAAg-3 to 4+5");
  stored::reassignments_cancelled cancelled;
  cancelled.partitions.emplace_back().topic_id = {1, 2};
  CHECK(in_words(cancelled) == "reassignments cancelled: AAAAAAAAAAEAAAAAAAAAAg-0 of version -1");
  stored::reassignments_finished finished;
  finished.partitions.resize(2);
  finished.partitions[1].version = 7;
  CHECK(in_words(finished) ==
        "reassignments finished: AAAAAAAAAAAAAAAAAAAAAA-0 of version 0, "
        "AAAAAAAAAAAAAAAAAAAAAA-0 of version 7");
}

}  // namespace
}  // namespace weir::offline
