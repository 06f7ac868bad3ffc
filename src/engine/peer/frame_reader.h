#pragma once
// Frames from a socket. Buffers become ours whole and are cut here: tails are shares of what the
// kernel delivered.
#include <seastar/core/iostream.hh>
#include <seastar/core/lowres_clock.hh>
#include <seastar/core/semaphore.hh>

#include <optional>
#include <stdexcept>

#include "core/peer/frame.h"

namespace weir::peer {

// The other side did what the protocol does not allow: the connection is closed with one line.
struct peer_violation : std::runtime_error {
  using std::runtime_error::runtime_error;
  explicit peer_violation(peer_error e) : std::runtime_error(std::string(name(e))) {}
};

struct received_frame {
  frame_header header;
  bytes head;
  fragments tail;
  seastar::semaphore_units<> memory;  // of a large tail
};

class frame_reader {
 public:
  // `memory` bounds the large tails that are being received on this shard.
  frame_reader(seastar::input_stream<char> in, seastar::semaphore& memory)
      : in_(std::move(in)), memory_(memory) {}

  // The next frame; nothing where the other side ended. Throws peer_violation, or what the socket
  // did.
  seastar::future<std::optional<received_frame>> next(frame_limits limits);
  // Whether a frame began before `since` and is not whole yet.
  [[nodiscard]] bool stuck(seastar::lowres_clock::time_point since) const {
    return frame_began_ && *frame_began_ < since;
  }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  seastar::future<> close();

 private:
  seastar::future<std::optional<fragments>> take(std::size_t size);

  seastar::input_stream<char> in_;
  seastar::semaphore& memory_;
  bytes buffered_;  // read and not yet taken
  std::optional<seastar::lowres_clock::time_point> frame_began_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace weir::peer
