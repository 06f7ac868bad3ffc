#pragma once
// One peer as one shard sees it: the connections to its shards, made when first needed.
#include <seastar/core/gate.hh>

#include <array>
#include <memory>
#include <vector>

#include "engine/peer/outgoing_link.h"

namespace weir::peer {

class remote_peer {
 public:
  explicit remote_peer(peer_context context) : context_(std::move(context)) {}

  seastar::future<> stop();

  [[nodiscard]] const host_port& address() const { return context_.address; }
  [[nodiscard]] const uuid& broker_id() const { return context_.broker_id; }
  [[nodiscard]] unsigned shards() const { return context_.shards; }
  [[nodiscard]] bool connected() const;
  // It said how many shards it has.
  void learned(unsigned shards) { context_.shards = shards; }

  // Connects to its shard 0, so that beats can leave.
  void connect() { (void)link(way::prompt, 0); }
  void post(raft_post p);
  void send_beat(const beat& b);
  seastar::future<call_result> request(call head, fragments payload,
                                       seastar::lowres_clock::time_point deadline);
  seastar::future<bool> ship(raft_post p, fragments state);
  // Ends all connections; others are made.
  void drop();
  void drop_if_stuck(seastar::lowres_clock::time_point since);

 private:
  // The connection for that shard. While it is not known how many there are, all of them take the
  // one to shard 0, and messages are passed on there.
  outgoing_link& link(way w, unsigned shard);
  [[nodiscard]] unsigned owner(const partition_key& group) const;

  peer_context context_;
  std::array<std::vector<std::unique_ptr<outgoing_link>>, 2> links_;  // by way, then shard
  seastar::gate waits_;  // calls and snapshots that have not ended
};

}  // namespace weir::peer
