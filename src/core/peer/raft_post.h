#pragma once
// One group's message with the frames of its entries.
#include "core/base/fragments.h"
#include "core/base/partition_key.h"
#include "core/raft/message.h"

namespace weir::peer {

// Group 0, the cluster's own, has the zero id and partition 0.
struct raft_post {
  partition_key group;
  raft::message message;  // to whom stands in it
  fragments frames;       // of its entries; empty where it has none
  bool operator==(const raft_post&) const = default;
};

}  // namespace weir::peer
