#pragma once
// Room engine/peer: the connections between this broker and others. One per shard; docs/formats/
// peer.md has the bytes, docs/decisions/0011-peer-messages.md the reasons. Entry points: post()
// and ship() for replicas (raft_outbox), call() and serve() for everything else, last_heard() for
// who watches brokers instead of groups.
//
// Invariants: nothing here waits for a peer that does not take; every queue has a bound
// (peer_settings); what a peer sends can close its connection and nothing more; requests leave on
// connections that we opened, answers on those that the peer did.
#include <seastar/core/condition-variable.hh>
#include <seastar/core/sharded.hh>

#include <map>
#include <set>

#include "engine/peer/heard_peers.h"
#include "engine/peer/incoming.h"
#include "engine/peer/raft_outbox.h"
#include "engine/peer/remote_peer.h"

namespace weir::peer {

class peer_links final : public raft_outbox,
                         public seastar::peering_sharded_service<peer_links>,
                         private incoming_host {
 public:
  explicit peer_links(peer_settings settings);

  // On every shard, once all are constructed: listens there, if told to, and begins to beat. Throws
  // std::system_error where the address can't be had.
  seastar::future<> start(std::optional<host_port> listen_at);
  // On every shard, after nobody posts or calls any more. What waits is answered: unreachable,
  // failed, not shipped.
  seastar::future<> stop();

  // From any shard, for all of them. A broker whose address and id are the same keeps its
  // connections. The zero id: not known yet; a negative node id: whoever answers there.
  seastar::future<> set_broker(node_id node, host_port address, uuid broker_id);
  seastar::future<> remove_broker(node_id node);
  // From any shard, for all of them: another name from here on. All connections end, and all
  // brokers are forgotten.
  seastar::future<> become(identity self);

  // Of this shard. A message that comes before there is an inbox is dropped.
  void bind(raft_inbox* inbox) { inbox_ = inbox; }
  void post(raft_post p) override;
  seastar::future<bool> ship(raft_post p, fragments state) override;

  // Serves calls of the method that ask for this shard.
  void serve(std::int32_t method, call_handler handler);
  // Never fails. `shard` is one of the peer's, modulo those that it has.
  seastar::future<call_result> call(node_id to, unsigned shard, std::int32_t method,
                                    fragments payload, seastar::lowres_clock::time_point deadline);

  // Of this shard, at most a beat behind: who was heard of when, by the steady clock, and in which
  // life. Its hooks are called on this shard.
  [[nodiscard]] heard_peers& heard_of() { return heard_; }
  [[nodiscard]] std::optional<milliseconds> last_heard(node_id node) const {
    return heard_.last_heard(node);
  }
  [[nodiscard]] uuid incarnation(node_id node) const { return heard_.incarnation(node); }

  // Whether this shard's connection to the peer's shard 0 is up.
  [[nodiscard]] bool connected(node_id node) const;
  [[nodiscard]] const peer_meters& meters(node_id node) { return meters_of(node); }
  [[nodiscard]] std::size_t incoming_count() const { return incoming_.size(); }

 private:
  // incoming_host
  welcome greeted(const hello& h) override;
  unsigned owner(const partition_key& group) override;
  void receive(raft_post p) override;
  seastar::future<> hand_over(unsigned shard, std::vector<raft_post> posts) override;
  seastar::future<> heard(node_id from, beat b) override;
  seastar::future<served_call> serve(node_id from, peer::call c, fragments payload) override;
  seastar::future<bool> receive_snapshot(raft_post p, fragments state) override;
  peer_meters& meters_of(node_id peer) override;
  const peer_settings& settings() override { return settings_; }
  seastar::semaphore& receive_memory() override { return receive_memory_; }
  seastar::semaphore& snapshot_memory() override { return snapshot_memory_; }

  seastar::future<served_call> serve_here(node_id from, peer::call c, fragments payload);
  seastar::future<> accept_loop();
  seastar::future<> keep(seastar::connected_socket socket, std::string address);
  void place(node_id node, const host_port& address, const uuid& broker_id);
  void displace(node_id node);
  void learned(node_id node, unsigned shards);
  void is_gone(node_id node);
  seastar::future<> beat_loop();
  seastar::future<> watch_loop();
  seastar::future<> drop_dead(milliseconds now);
  [[nodiscard]] remote_peer* find(node_id node);

  peer_settings settings_;
  fibers fibers_{"peers"};
  raft_inbox* inbox_ = nullptr;
  std::map<std::int32_t, call_handler> methods_;
  seastar::semaphore receive_memory_;
  seastar::semaphore snapshot_memory_;
  std::map<node_id, std::unique_ptr<peer_meters>> meters_;
  peer_meters strangers_;  // who are not known by set_broker
  std::map<node_id, std::unique_ptr<remote_peer>> peers_;
  seastar::condition_variable peer_came_;
  heard_peers heard_;
  std::map<node_id, milliseconds> redialed_;  // shard 0: in which silence, by what was heard last
  std::optional<seastar::server_socket> listener_;
  std::set<std::shared_ptr<incoming>> incoming_;
  seastar::gate accepted_;
  seastar::gate served_;  // calls and states that others wait for
  unsigned calls_served_ = 0;
  std::size_t calls_served_bytes_ = 0;
  bool stopped_ = false;
};

}  // namespace weir::peer
