#pragma once
// States on their way to one shard of a peer, in chunks that wait for each other's acknowledgement
// beyond a window, so that appends on the same connection get in between.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/condition-variable.hh>
#include <seastar/core/future.hh>
#include <seastar/core/shared_ptr.hh>

#include <functional>

#include "core/peer/messages.h"
#include "core/peer/raft_post.h"
#include "engine/peer/peer_settings.h"

namespace weir::peer {

class outgoing_snapshots {
 public:
  // `offer` queues a frame for the connection.
  outgoing_snapshots(const peer_settings& settings, std::function<void(fragments)> offer)
      : settings_(settings), offer_(std::move(offer)) {}

  // True: the peer's replica has the state. Never fails.
  seastar::future<bool> ship(raft_post post, fragments state);
  void progressed(const snapshot_progress& p);
  // The connection is gone: nothing arrived.
  void lose_all();

 private:
  struct transfer {
    std::uint64_t received = 0;
    snapshot_outcome outcome = snapshot_outcome::more;
    seastar::condition_variable moved;
  };
  // Resolves to whether it moved in time.
  seastar::future<bool> moves(seastar::lw_shared_ptr<transfer> t);

  const peer_settings& settings_;
  std::function<void(fragments)> offer_;
  absl::flat_hash_map<std::int64_t, seastar::lw_shared_ptr<transfer>> transfers_;
  std::int64_t next_id_ = 0;
};

}  // namespace weir::peer
