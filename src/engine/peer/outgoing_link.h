#pragma once
// One connection to a peer, as long as the peer is known: made, made again after a loss, and fed
// from queues that have bounds. While the peer is not reachable nothing is queued: what Raft said a
// second ago is worth nothing.
#include <absl/container/flat_hash_map.h>

#include <deque>
#include <optional>

#include "core/options/value.h"
#include "core/peer/messages.h"
#include "core/peer/raft_pack.h"
#include "engine/peer/frame_reader.h"
#include "engine/peer/frame_writer.h"
#include "engine/peer/outgoing_snapshots.h"
#include "engine/peer/peer_meters.h"
#include "engine/peer/peer_settings.h"
#include "engine/peer/pending_calls.h"
#include "engine/runtime/fibers.h"

namespace weir::peer {

// What the connections of one shard to one peer share.
struct peer_context {
  const peer_settings& settings;
  const identity& self;
  node_id id;
  host_port address;
  uuid broker_id;
  peer_meters& meters;
  seastar::semaphore& receive_memory;
  // Somebody answered, and is whom we wanted.
  std::function<void(const welcome&)> welcomed;
  // The connection that beats take has ended, or nobody listens at the address.
  std::function<void()> lost;

  unsigned shards = 0;  // that it has; 0: not known yet
  std::size_t prompt_queued = 0;
  std::size_t bulk_queued = 0;
  unsigned calls_in_flight = 0;
  seastar::logger::rate_limit lost_lines{std::chrono::seconds(10)};
  seastar::logger::rate_limit refused_lines{std::chrono::seconds(10)};
};

class outgoing_link {
 public:
  outgoing_link(peer_context& to, way w, unsigned shard);

  void start();
  seastar::future<> stop();

  [[nodiscard]] bool up() const { return up_; }
  // False: dropped.
  bool offer(raft_post post);
  // Whether appends of the group are on their way here, so that later ones should follow them.
  [[nodiscard]] bool holds(const partition_key& group) const { return appends_.contains(group); }
  // Leaves if the connection is up.
  void send_beat(const beat& b);
  seastar::future<call_result> request(call head, fragments payload,
                                       seastar::lowres_clock::time_point deadline);
  seastar::future<bool> ship(raft_post post, fragments state);
  // Ends the connection; another is made.
  void drop();
  // Ends it if a frame or a write has been under way since `since`.
  void drop_if_stuck(seastar::lowres_clock::time_point since);

 private:
  struct connection {
    seastar::connected_socket socket;
    frame_reader in;
    frame_writer out;
  };
  struct queued_frame {
    fragments frame;
    std::int64_t call_id = 0;  // 0: of no call
  };

  seastar::future<> run();
  // Connects and serves until the connection ends. Never fails.
  seastar::future<> attempt();
  seastar::future<seastar::connected_socket> connect();
  seastar::future<> serve(seastar::connected_socket socket);
  seastar::future<> greet(hello h);
  seastar::future<> read_answers();
  seastar::future<> write();
  void taken(const received_frame& frame);
  void appends_taken(std::int64_t packs);
  void tell_loss(const std::exception_ptr& why);
  void forget_all();
  [[nodiscard]] bool accepts() const { return up_ || fresh_; }
  [[nodiscard]] std::size_t& queued();
  [[nodiscard]] std::size_t queue_bytes_max() const;
  void enqueue(queued_frame f);
  fragments more();
  void more_frames(fragments& out);
  void more_posts(fragments& out);
  fragments take_pack();
  [[nodiscard]] milliseconds pause() const;

  peer_context& to_;
  const way way_;
  const unsigned shard_;
  fibers fibers_{"peer link"};
  seastar::socket* dialing_ = nullptr;
  std::unique_ptr<connection> open_;
  std::optional<fragments> hello_;
  bool up_ = false;
  bool fresh_ = true;  // no attempt has failed since it was up: what is queued may still leave soon
  unsigned failures_ = 0;
  std::optional<seastar::lowres_clock::time_point> up_since_;

  std::deque<queued_frame> frames_;
  std::deque<raft_post> posts_;
  raft_packer packer_;
  pending_calls calls_;
  outgoing_snapshots snapshots_;
  // Bulk: how many appends of a group are queued or not yet known to be taken, and of which groups
  // each pack that is out has some.
  absl::flat_hash_map<partition_key, std::size_t> appends_;
  std::vector<partition_key> packed_;
  std::deque<std::vector<partition_key>> packs_out_;
  std::int64_t packs_taken_ = 0;
};

}  // namespace weir::peer
