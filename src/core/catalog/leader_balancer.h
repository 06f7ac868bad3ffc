#pragma once
// Which leaders should be elsewhere. First, none on brokers that are being emptied or maintained;
// then as many on each broker as on any other, within one; then at their preferred replicas; then
// each topic's evenly. Never at the cost of what comes first, so each plan, carried out, leaves the
// cluster better by that order, and the plans end: once nothing is to be gained, none is made.
#include <cstddef>
#include <vector>

#include "core/base/partition_key.h"
#include "core/catalog/breath.h"
#include "core/catalog/leader_table.h"
#include "core/catalog/soft_facts.h"

namespace weir::catalog {

struct leader_transfer {
  partition_key key;
  node_id from;
  node_id to;  // a replica that is up and has all that is committed
  bool operator==(const leader_transfer&) const = default;
};

// At most `most` transfers; the more urgent first.
std::vector<leader_transfer> plan_transfers(const state& s, const broker_facts& facts,
                                            const leader_table& leaders, std::size_t most,
                                            const breath& b = {});

// Whether a partition's preferred replica is to lead it, however even that leaves the brokers
// (ElectLeaders).
struct preferred_election {
  enum class answer : std::uint8_t {
    transfer,                 // `to` is to lead
    not_needed,               // it leads already
    preferred_not_available,  // it is down or behind
    unknown_partition,
    leaderless,  // Raft is electing; there is nobody to hand over
  };
  partition_key key;
  answer what;
  node_id from = no_node;
  node_id to = no_node;
};
preferred_election plan_preferred(const state& s, const broker_facts& facts,
                                  const leader_table& leaders, const partition_key& key);

}  // namespace weir::catalog
