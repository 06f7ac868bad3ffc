#pragma once
// Who leads partitions, as this broker knows it, and how their replicas are: what Metadata and
// DescribeTopicPartitions tell.
#include <absl/container/flat_hash_map.h>

#include <vector>

#include "edge/kafka/request.h"
#include "edge/kafka/services.h"

namespace weir::edge {

// Those led here whose log has failed or is not open: nobody can be sent to this broker for them.
using broken_partitions = absl::flat_hash_set<partition_key>;
seastar::future<broken_partitions> find_broken(services& with, std::vector<partition_key> keys);

// Where a broker fell silent just now: until all of them that can have a leader again have one, or
// for half a second. Clients ask as soon as their connection breaks; one that hears that nobody
// leads comes again after a pause many times longer than an election.
seastar::future<> await_elections(services& with, const request& r,
                                  const std::vector<partition_key>& keys);

// Of one partition, whose index stands in `out`.
template <typename Partition>
void describe_partition(const cluster& state, const catalog::topic& t,
                        const broken_partitions& broken, Partition& out) {
  const partition_key key{t.id, out.partition_index};
  const auto assigned = t.partitions[static_cast<std::size_t>(out.partition_index)].assigned();
  const auto* known = state.leaders().find(key);
  const auto leader = state.leader_of(key);
  const bool led = leader.node != catalog::no_node && !broken.contains(key);
  for (const auto node : assigned) {
    out.replica_nodes.push_back(node.value());
    const bool up = state.alive(node) && (led || node != state.settings().self);
    if (!up) out.offline_replicas.push_back(node.value());
    if (up && led && !known->is_behind(node)) out.isr_nodes.push_back(node.value());
  }
  if (led) {
    out.leader_id = leader.node.value();
    out.leader_epoch = leader.epoch;
  } else {
    out.error = kafka::error_code::leader_not_available;
    out.leader_id = -1;
  }
}

}  // namespace weir::edge
