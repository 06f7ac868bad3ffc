// States that arrive: put together within a bound, then given to the replica.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/as_future.hh>

#include "core/peer/raft_pack.h"
#include "engine/peer/incoming.h"

namespace weir::peer {
namespace {

constexpr std::size_t chunk_max = 128U << 10;
constexpr std::size_t snapshots_max = 8;  // arriving on one connection
constexpr std::size_t piece_bytes = 64;   // what an empty state takes all the same

}  // namespace

void incoming::begin_snapshot(const snapshot_begin& b) {
  if (way_ != way::bulk) throw peer_violation("a state on the prompt way");
  if (b.state_size < 0 || snapshots_.contains(b.transfer)) {
    throw peer_violation(peer_error::malformed);
  }
  const fragments no_frames;
  raft_unpacker message(b.message.view(), no_frames, from_, self_);
  auto post = message.next();
  if (!post || !*post || !std::holds_alternative<raft::install_snapshot>((*post)->message.body)) {
    throw peer_violation(peer_error::malformed);
  }
  const auto size = static_cast<std::size_t>(b.state_size);
  arriving_snapshot a{.post = std::move(**post), .state = {}, .size = size, .memory = {}};
  auto memory = size > host_.settings().snapshot_bytes_max || snapshots_.size() >= snapshots_max
                    ? std::nullopt
                    : seastar::try_get_units(host_.snapshot_memory(), size + piece_bytes);
  // The sender hears of it and gives up; what it has sent by then is passed over.
  if (!memory) return tell_progress(b.transfer, 0, snapshot_outcome::refused);
  a.memory = std::move(*memory);
  if (size == 0) {
    (void)finish_snapshot(b.transfer, std::move(a));
  } else {
    snapshots_.emplace(b.transfer, std::move(a));
  }
}

void incoming::take_chunk(const snapshot_chunk& c, const received_frame& frame) {
  const auto at = snapshots_.find(c.transfer);
  if (at == snapshots_.end()) return;
  auto& a = at->second;
  const auto size = frame.tail.size();
  if (size == 0 || size > chunk_max || size > a.size - a.state.size() ||
      c.position != static_cast<std::int64_t>(a.state.size())) {
    throw peer_violation(peer_error::malformed);
  }
  a.state.append(frame.tail);
  tell_progress(c.transfer, a.state.size(), snapshot_outcome::more);
  if (a.state.size() < a.size) return;
  auto whole = std::move(a);
  snapshots_.erase(at);
  (void)finish_snapshot(c.transfer, std::move(whole));
}

seastar::future<> incoming::finish_snapshot(std::int64_t transfer, arriving_snapshot a) {
  const auto self = shared_from_this();
  auto taken = co_await seastar::coroutine::as_future(
      host_.receive_snapshot(std::move(a.post), std::move(a.state)));
  bool has_it = false;
  if (taken.failed()) {
    taken.ignore_ready_future();
  } else {
    has_it = taken.get();
  }
  tell_progress(transfer, a.size, has_it ? snapshot_outcome::taken : snapshot_outcome::refused);
}

void incoming::tell_progress(std::int64_t transfer, std::size_t received,
                             snapshot_outcome outcome) {
  snapshot_progress p;
  p.transfer = transfer;
  p.received = static_cast<std::int64_t>(received);
  p.outcome = static_cast<std::int8_t>(outcome);
  answer(frame_of(p));
}

}  // namespace weir::peer
