#pragma once
// Making a connection that leads to one shard of a peer.
#include <seastar/net/api.hh>

#include <chrono>
#include <functional>

#include "core/options/value.h"

namespace weir::peer {

struct dial {
  std::function<seastar::socket()> make_socket;
  host_port address;
  std::chrono::milliseconds patience;  // for the name
  unsigned shard = 0;
  unsigned shards = 0;                  // of the peer; 0: not known
  seastar::socket** dialing = nullptr;  // set while connecting, so that it can be shut down
};

// Seastar hands an accepted connection to the shard (remote port modulo shards), so the local port
// is chosen; where none can be had any port is taken, and the peer passes messages on.
seastar::future<seastar::connected_socket> connect_to(dial d);

// The kernel gives up on a peer that acknowledges nothing for `dead_after`.
void prepare(seastar::connected_socket& socket, std::chrono::milliseconds dead_after);

seastar::future<seastar::socket_address> resolve(host_port address,
                                                 std::chrono::milliseconds patience);

}  // namespace weir::peer
