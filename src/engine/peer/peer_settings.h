#pragma once
// What the transport between brokers is told when it is made. The bounds are of one shard unless
// they say otherwise.
#include <seastar/core/seastar.hh>
#include <seastar/net/api.hh>

#include <chrono>
#include <functional>

#include "core/peer/handshake.h"
#include "core/peer/raft_pack.h"

namespace weir::peer {

using std::chrono::milliseconds;

struct peer_settings {
  identity self;  // shards: at most those that there are
  // Which of the broker's `shard_count` shards owns the group's replica there. On any shard. Where
  // it is out of date, the broker passes messages on by itself.
  std::function<unsigned(const partition_key&, node_id broker, unsigned shard_count)> owner;

  // Sockets of the plain kind, or TLS ones.
  std::function<seastar::socket()> make_socket = [] { return seastar::make_socket(); };
  std::function<seastar::server_socket(seastar::socket_address, seastar::listen_options)> listen =
      [](seastar::socket_address at, seastar::listen_options how) {
        return seastar::listen(at, how);
      };

  // Connections of a shard to one peer, each way: to more shards than these it goes by a hop there.
  unsigned fan_out_max = 16;
  // Appends with frames of at least this size, and calls with such payloads, take the bulk way.
  std::size_t bulk_above = 64U << 10;
  std::size_t prompt_queue_bytes = 4U << 20;  // for one peer
  std::size_t bulk_queue_bytes = 32U << 20;   // the same
  std::size_t write_bytes_max = 1U << 20;     // of one write
  pack_limits pack;
  // Frames that are being received, of all peers; at least frame_tail_max.
  std::size_t receive_bytes = 128U << 20;
  std::size_t answer_bytes_max = 64U << 20;  // unread by one dialer: then it is dropped
  unsigned incoming_max = 4096;              // connections of others

  milliseconds connect_patience{1000};
  milliseconds hello_patience{2000};
  // For a whole frame to come, and for a write to go.
  milliseconds frame_patience{30'000};
  milliseconds retry_first{50};  // the one after a loss comes at once
  milliseconds retry_max{2000};

  unsigned calls_in_flight_max = 1024;  // to one peer
  unsigned calls_served_max = 1024;     // of all peers
  std::size_t calls_served_bytes = 64U << 20;

  std::size_t snapshot_bytes_max = 256U << 20;  // that are arriving, of all peers
  std::size_t snapshot_chunk = 128U << 10;
  std::size_t snapshot_window = 1U << 20;
  milliseconds snapshot_patience{30'000};  // without progress

  milliseconds beat_interval{50};
  milliseconds silent_after{150};  // raft_options::election_min
  // A peer that was heard of and then not for so long gets new connections.
  milliseconds dead_after{3000};

  bool metrics = true;  // registered; not where several of these share a process
};

}  // namespace weir::peer
