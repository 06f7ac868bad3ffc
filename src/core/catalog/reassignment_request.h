#pragma once
// What clients ask of reassignments (KIP-455: AlterPartitionReassignments and
// ListPartitionReassignments), checked and answered from the state.
#include <expected>
#include <optional>
#include <string>

#include "core/base/chunked_vector.h"
#include "core/base/partition_key.h"
#include "core/catalog/soft_facts.h"

namespace weir::catalog {

struct reassignment_fault {
  enum class kind : std::uint8_t {
    unknown_partition,
    assignment,
    replication_factor,
    none_in_progress,
    busy,  // too much of what was begun before is not settled yet
  };
  kind what;
  std::string message;
};

// Whether this partition can be reassigned to `target`; nothing: whether what is in progress can be
// cancelled. `factor_may_change`: as many replicas as before, or else refused (KIP-860).
std::expected<void, reassignment_fault> check_reassignment(
    const state& s, const broker_facts& facts, const partition_key& key,
    const std::optional<replica_list>& target, bool factor_may_change);

struct ongoing_reassignment {
  partition_key key;
  replica_list replicas;  // of both, the target's first
  replica_list adding;
  replica_list removing;
};
// Nothing if the partition is where it should be, or going back there.
std::optional<ongoing_reassignment> ongoing(const state& s, const partition_key& key);
// By the topics' names.
chunked_vector<ongoing_reassignment> all_ongoing(const state& s);

}  // namespace weir::catalog
