#pragma once
// What one shard counts of one peer.
#include <seastar/core/metrics_registration.hh>

#include "core/base/ids.h"
#include "engine/runtime/latency_histogram.h"

namespace weir::peer {

struct peer_meters {
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_messages = 0;      // Raft's
  std::uint64_t received_messages = 0;  // the same
  std::uint64_t dropped_messages = 0;   // the same, before they left
  std::uint64_t writes = 0;
  std::uint64_t connects = 0;
  std::uint64_t losses = 0;  // of connections that were up
  std::uint64_t refusals = 0;
  latency_histogram calls;

  void announce(node_id peer);

 private:
  seastar::metrics::metric_groups groups_;
};

}  // namespace weir::peer
