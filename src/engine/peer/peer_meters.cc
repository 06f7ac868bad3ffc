#include "engine/peer/peer_meters.h"

#include <string>

namespace weir::peer {

void peer_meters::announce(node_id peer) {
  namespace sm = seastar::metrics;
  const auto of = sm::label("peer")(std::to_string(peer.value()));
  groups_.add_group(
      "peer",
      {
          sm::make_counter("sent_bytes", sent_bytes, sm::description("Bytes sent"), {of}),
          sm::make_counter("received_bytes", received_bytes, sm::description("Bytes received"),
                           {of}),
          sm::make_counter("sent_messages", sent_messages, sm::description("Raft messages sent"),
                           {of}),
          sm::make_counter("received_messages", received_messages,
                           sm::description("Raft messages received"), {of}),
          sm::make_counter("dropped_messages", dropped_messages,
                           sm::description("Raft messages that did not leave: the peer is not "
                                           "reachable, or its queue full"),
                           {of}),
          sm::make_counter("writes", writes, sm::description("Writes to its sockets"), {of}),
          sm::make_counter("connects", connects, sm::description("Connections made"), {of}),
          sm::make_counter("connection_losses", losses, sm::description("Connections that ended"),
                           {of}),
          sm::make_counter("refusals", refusals,
                           sm::description("Handshakes that failed: wrong broker or cluster"),
                           {of}),
          sm::make_histogram("call_seconds", sm::description("Time from a call to its answer"),
                             {of}, [this] { return calls.figures(); }),
      });
}

}  // namespace weir::peer
