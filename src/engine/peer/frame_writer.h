#pragma once
// Frames to a socket: a fiber that asks for what there is to write, writes all of it at once, and
// asks again. What is offered while a write is under way leaves together with the next.
#include <seastar/core/condition-variable.hh>
#include <seastar/core/iostream.hh>
#include <seastar/core/lowres_clock.hh>

#include <functional>
#include <optional>

#include "core/base/fragments.h"

namespace weir::peer {

class frame_writer {
 public:
  // `more()` gives what is to be written now; empty: nothing.
  frame_writer(seastar::output_stream<char> out, std::function<fragments()> more)
      : out_(std::move(out)), more_(std::move(more)) {}

  // There is something to ask for.
  void wake() { wanted_.signal(); }
  // Writes until end(), or fails with what the socket did.
  seastar::future<> run();
  void end() {
    ended_ = true;
    wanted_.signal();
  }
  // Whether a write began before `since` and is still under way.
  [[nodiscard]] bool stuck(seastar::lowres_clock::time_point since) const {
    return write_began_ && *write_began_ < since;
  }
  // Once run() has ended. What was written leaves before it resolves, unless the socket is shut:
  // flushing alone does not wait for that.
  seastar::future<> close();

 private:
  seastar::output_stream<char> out_;
  std::function<fragments()> more_;
  seastar::condition_variable wanted_;
  std::optional<seastar::lowres_clock::time_point> write_began_;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace weir::peer
