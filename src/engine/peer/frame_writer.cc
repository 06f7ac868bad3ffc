#include "engine/peer/frame_writer.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/scattered_message.hh>
#include <seastar/coroutine/as_future.hh>

#include <utility>

namespace weir::peer {
namespace {

seastar::scattered_message<char> message_of(fragments parts) {
  seastar::scattered_message<char> m;
  for (const auto& piece : parts.pieces()) m.append_static(piece.view());
  m.on_delete([kept = std::move(parts)] {});
  return m;
}

}  // namespace

seastar::future<> frame_writer::run() {
  while (!ended_) {
    auto some = more_();
    if (some.empty()) {
      co_await wanted_.wait();
      continue;
    }
    write_began_ = seastar::lowres_clock::now();
    co_await out_.write(message_of(std::move(some)));
    co_await out_.flush();
    write_began_.reset();
  }
}

seastar::future<> frame_writer::close() {
  if (std::exchange(closed_, true)) co_return;
  write_began_ = seastar::lowres_clock::now();
  auto closed = co_await seastar::coroutine::as_future(out_.close());
  closed.ignore_ready_future();
  write_began_.reset();
}

}  // namespace weir::peer
