#pragma once
// A connection that a peer opened to us: hello, then what it sends, and our answers. Nothing that
// comes here is trusted.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/gate.hh>

#include <deque>
#include <memory>
#include <vector>

#include "core/peer/messages.h"
#include "core/peer/raft_post.h"
#include "engine/peer/call.h"
#include "engine/peer/frame_reader.h"
#include "engine/peer/frame_writer.h"
#include "engine/peer/peer_meters.h"
#include "engine/peer/peer_settings.h"

namespace weir::peer {

struct served_call {
  call_status status = call_status::failed;
  fragments payload;
};

// What a connection needs of the broker.
class incoming_host {
 public:
  virtual ~incoming_host() = default;
  virtual welcome greeted(const hello& h) = 0;
  // The shard of this broker that owns the group; at most shards() - 1.
  virtual unsigned owner(const partition_key& group) = 0;
  // The group is this shard's.
  virtual void receive(raft_post p) = 0;
  virtual seastar::future<> hand_over(unsigned shard, std::vector<raft_post> posts) = 0;
  virtual seastar::future<> heard(node_id from, beat b) = 0;
  virtual seastar::future<served_call> serve(node_id from, call c, fragments payload) = 0;
  virtual seastar::future<bool> receive_snapshot(raft_post p, fragments state) = 0;
  virtual peer_meters& meters_of(node_id peer) = 0;
  virtual const peer_settings& settings() = 0;
  virtual seastar::semaphore& receive_memory() = 0;
  virtual seastar::semaphore& snapshot_memory() = 0;
};

class incoming : public std::enable_shared_from_this<incoming> {
 public:
  incoming(incoming_host& host, seastar::connected_socket socket, std::string address);

  // Until the connection ends. Never fails. What it began for the peer may go on behind it.
  seastar::future<> serve();
  void drop();
  void drop_if_stuck(seastar::lowres_clock::time_point hello_since,
                     seastar::lowres_clock::time_point frame_since);

 private:
  struct arriving_snapshot {
    raft_post post;
    fragments state;
    std::size_t size = 0;
    seastar::semaphore_units<> memory;
  };

  seastar::future<> read_all();
  seastar::future<> write();
  // False: refused.
  seastar::future<bool> handshake();
  seastar::future<> take(received_frame frame);
  seastar::future<> take_pack(const received_frame& frame);
  void begin_call(call c, received_frame frame);
  seastar::future<> run_call(call c, received_frame frame);
  void begin_snapshot(const snapshot_begin& b);
  void take_chunk(const snapshot_chunk& c, const received_frame& frame);
  seastar::future<> finish_snapshot(std::int64_t transfer, arriving_snapshot a);
  void tell_progress(std::int64_t transfer, std::size_t received, snapshot_outcome outcome);
  void answer(fragments frame);
  fragments more();
  void tell_end(const std::exception_ptr& why);

  incoming_host& host_;
  seastar::connected_socket socket_;
  frame_reader in_;
  frame_writer out_;
  std::string address_;
  seastar::lowres_clock::time_point began_ = seastar::lowres_clock::now();
  std::optional<hello> hello_;
  node_id from_{-1};
  node_id self_{-1};
  way way_ = way::prompt;
  peer_meters* meters_ = nullptr;
  std::deque<fragments> answers_;
  std::size_t answer_bytes_ = 0;
  std::int64_t packs_ = 0;
  absl::flat_hash_map<std::int64_t, arriving_snapshot> snapshots_;
  bool ended_ = false;
};

}  // namespace weir::peer
