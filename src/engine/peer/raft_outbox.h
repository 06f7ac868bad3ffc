#pragma once
// What a replica hands to the network, and where the network hands it over. Both sides are
// interfaces, so that a replica can be tested without a socket.
//
// An entry travels as its frame: log::encode(head, 0, position(0)) and the body behind it, frames
// back to back in the order of the message's heads. The body's checksum goes with it, from the
// broker that first stored it to every disk.
#include <seastar/core/future.hh>

#include "core/peer/raft_post.h"

namespace weir::peer {

// One per shard; all calls come there.
class raft_outbox {
 public:
  virtual ~raft_outbox() = default;
  // Never waits. What is posted in one task travels together. The message may be lost: a queue to
  // a broker that does not take it is bounded, and Raft repeats itself.
  virtual void post(raft_post p) = 0;
  // An install_snapshot with the state that belongs to it, over its own way, so that nothing else
  // waits behind it. True: the peer's replica has it in memory. Never fails.
  virtual seastar::future<bool> ship(raft_post p, fragments state) = 0;
};

// One per shard, bound by who owns the replicas of that shard. Messages of one group from one
// sender come in the order in which they left, as far as they come; but an append with large frames
// takes a way of its own, with those appends that follow it: others may pass it. So may anything
// pass when a peer comes back with other shards.
class raft_inbox {
 public:
  virtual ~raft_inbox() = default;
  // Never waits: queues what it can't do at once, or drops it.
  virtual void receive(raft_post p) = 0;
  // Resolves to true once the replica has taken the state.
  virtual seastar::future<bool> receive_snapshot(raft_post p, fragments state) = 0;
};

}  // namespace weir::peer
