#pragma once
// Groups whose majority is gone for good: what a stopped broker's directory has of them, and how
// one of its copies is made to go on alone (docs/operations/recover.md).
#include <string>
#include <vector>

#include "cli/offline/partition_check.h"
#include "core/raft/configuration.h"

namespace weir::offline {

struct recover_order {
  std::string path;           // a data directory
  std::vector<node_id> lost;  // brokers that never come back
  std::string topic;          // only this one…
  std::optional<std::int32_t> partition;
  bool catalog = false;  // …or only the cluster's own state
  [[nodiscard]] bool names_one() const { return catalog || (!topic.empty() && partition); }
};

// One group that this directory has a copy of.
struct copy_of_group {
  std::string label;  // "orders-3", or "catalog"
  std::string directory;
  raft::configuration members;  // the last ones in its log
  log_index last_index;
  weir::term last_term;
  offset next_offset{};
  bool stuck = false;   // no majority of its voters is left
  std::string refused;  // stuck, and this copy must not go on alone: why
};

struct recovery_plan {
  node_id self{-1};
  std::vector<copy_of_group> groups;
};

// What there is; changes nothing. Throws read_failed, nothing_to_check.
recovery_plan plan_recovery(const recover_order& order, progress& p);

// From the next start on the copy's group has this broker alone as its member. Durable when it
// returns. Throws write_failed.
struct write_failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void go_on_alone(const copy_of_group& copy, node_id self);

}  // namespace weir::offline
