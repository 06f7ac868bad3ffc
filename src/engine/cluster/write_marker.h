#pragma once
// Ending a producer's transaction in a partition that this broker leads.
#include <seastar/core/future.hh>

#include <chrono>
#include <expected>

#include "core/base/partition_key.h"
#include "core/log/producer_sequences.h"
#include "engine/replica/replica.h"

namespace weir {

class cluster;

struct marker_order {
  log::transaction_marker marker;
  int version = 0;  // of the transaction's protocol: from 2 on the marker has an epoch of its own
  std::chrono::milliseconds patience{30'000};
  // Or not at all: whoever ordered it may have given it up by then, and of version 1 one that comes
  // late would end the next transaction.
  std::chrono::milliseconds placed_within{2'000};
};

// From any shard; resolves when the marker is committed. not_leader also where leadership passed
// before that, timed_out where it took too long: the marker may be there or not, and is asked for
// again.
seastar::future<std::expected<void, replica_error>> write_marker(cluster& c, partition_key key,
                                                                 marker_order order);

}  // namespace weir
