#include "engine/peer/outgoing_snapshots.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>

#include "core/peer/raft_pack.h"

namespace weir::peer {

seastar::future<bool> outgoing_snapshots::moves(seastar::lw_shared_ptr<transfer> t) {
  try {
    co_await t->moved.wait(settings_.snapshot_patience);
    co_return true;
  } catch (const seastar::condition_variable_timed_out&) {
    co_return false;
  }
}

seastar::future<bool> outgoing_snapshots::ship(raft_post post, fragments state) {
  raft_packer message;
  if (message.add(post) != raft_packer::added::yes) co_return false;
  const auto id = ++next_id_;
  const auto t = seastar::make_lw_shared<transfer>();
  transfers_.emplace(id, t);
  snapshot_begin begin;
  begin.transfer = id;
  begin.state_size = static_cast<std::int64_t>(state.size());
  begin.message = message.take_head();
  offer_(frame_of(begin));
  fragments_cursor left(state);
  bool moving = true;
  while (moving && t->outcome == snapshot_outcome::more) {
    const auto known = std::min<std::uint64_t>(t->received, left.position());
    if (left.left() == 0 || left.position() - known >= settings_.snapshot_window) {
      moving = co_await moves(t);
      continue;
    }
    snapshot_chunk chunk;
    chunk.transfer = id;
    chunk.position = static_cast<std::int64_t>(left.position());
    const auto data = left.take(std::min(left.left(), settings_.snapshot_chunk));
    offer_(frame_of(chunk, data));
  }
  transfers_.erase(id);
  co_return t->outcome == snapshot_outcome::taken;
}

void outgoing_snapshots::progressed(const snapshot_progress& p) {
  const auto at = transfers_.find(p.transfer);
  if (at == transfers_.end()) return;
  const auto t = at->second;
  t->received =
      std::max(t->received, static_cast<std::uint64_t>(std::max<std::int64_t>(p.received, 0)));
  t->outcome =
      p.outcome == static_cast<std::int8_t>(snapshot_outcome::more)    ? snapshot_outcome::more
      : p.outcome == static_cast<std::int8_t>(snapshot_outcome::taken) ? snapshot_outcome::taken
                                                                       : snapshot_outcome::refused;
  t->moved.broadcast();
}

void outgoing_snapshots::lose_all() {
  for (const auto& [id, t] : transfers_) {
    t->outcome = snapshot_outcome::refused;
    t->moved.broadcast();
  }
}

}  // namespace weir::peer
