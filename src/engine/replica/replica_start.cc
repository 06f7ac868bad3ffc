// Where a replica's log starts for readers: DeleteRecords.
#include <seastar/core/coroutine.hh>

#include "engine/replica/replica.h"
#include "engine/replica/replica_log.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds try_again{1000};
// That are not committed yet.
constexpr std::size_t starts_max = 1000;

}  // namespace

seastar::future<std::expected<offset, replica_error>> replica::delete_records(offset before) {
  if (!takes_part()) co_return std::unexpected(replica_error::storage);
  if (cutting_) co_return std::unexpected(replica_error::not_leader);
  if (const auto serves = check_serves(); !serves) co_return std::unexpected(serves.error());
  co_return alone() ? co_await delete_here(before) : co_await delete_everywhere(before);
}

// Needs no room, so that it helps on a device that has none.
seastar::future<std::expected<offset, replica_error>> replica::delete_here(offset before) {
  std::expected<void, log::delete_error> done;
  // A log must not start behind what is on its disk: others may have committed what that lacks.
  const auto committed = raft_.commit_index();
  const auto end = high_watermark_;
  co_await log_->wait_durable(committed);
  if (cutting_ || stopped_) co_return std::unexpected(replica_error::not_leader);
  try {
    done = co_await log_->delete_below(before, end, committed);
  } catch (const store::no_space&) {
    co_return std::unexpected(replica_error::no_space);
  }
  if (!done) co_return std::unexpected(replica_error::offset_out_of_range);
  tell_trimmed();
  news_.notify();
  co_return start_offset();
}

std::expected<placed_batch, replica_error> replica::place_start(offset to) {
  if (log_->waits_for_space()) return std::unexpected(replica_error::no_space);
  if (log_->moved_starts().size() >= starts_max) return std::unexpected(replica_error::not_leader);
  const auto encoded = log::encode_start(to);
  const fragments body(bytes::copy({encoded.data(), encoded.size()}));
  return put(
      {.kind = log::frame_kind::start_moved, .body = body, .batch = nullptr, .now = log_->now()},
      0);
}

seastar::future<std::expected<offset, replica_error>> replica::delete_everywhere(offset before) {
  if (before == offset(-1)) before = high_watermark_;
  if (before.value() < 0 || before > high_watermark_)
    co_return std::unexpected(replica_error::offset_out_of_range);
  if (before <= start_offset()) co_return start_offset();
  if (const auto may = may_place(); !may) co_return std::unexpected(may.error());
  const auto placed = place_start(before);
  if (!placed) co_return std::unexpected(placed.error());
  try {
    co_await wait_committed(placed->index, placed->term);
  } catch (const leadership_lost&) {
    co_return std::unexpected(replica_error::not_leader);
  } catch (const storage_failed&) {
    co_return std::unexpected(replica_error::storage);
  }
  co_return start_offset();
}

// What is committed to be deleted is seen by nobody from here on; the files follow.
void replica::follow_start() {
  for (const auto& moved : log_->moved_starts()) {
    if (moved.index <= raft_.commit_index()) moved_start_ = std::max(moved_start_, moved.to);
  }
  if (moving_start_ || fibers_.stopping()) return;
  if (moved_start_ <= log_->start_offset()) return log_->forget_moved_starts(raft_.commit_index());
  moving_start_ = true;
  fibers_.spawn("move the start", [this] { return move_start(); });
}

seastar::future<> replica::move_start() {
  while (log_->start_offset() < moved_start_ && takes_part()) {
    try {
      const auto to = moved_start_;
      const auto committed = raft_.commit_index();
      co_await log_->wait_durable(std::min(committed, log_->last_index()));
      // Where the high watermark is not known yet since a start, this entry's commit is.
      (void)co_await log_->delete_below(to, std::max(to, high_watermark_), committed);
      log_->forget_moved_starts(committed);
      tell_trimmed();
      news_.notify();
    } catch (const store::no_space& e) {
      replica_log.debug("{}: its start waits for room: {}", log_->name(), e.what());
    } catch (...) {
      if (takes_part())
        replica_log.warn("{}: its start could not be moved: {}", log_->name(),
                         std::current_exception());
    }
    if (log_->start_offset() < moved_start_ && co_await fibers_.stopped_within(try_again)) break;
  }
  moving_start_ = false;
}

seastar::future<> replica::cut_front(log_index through, offset next) {
  if (cutting_ || !takes_part()) co_return;
  const auto stored = std::min({through, raft_.commit_index(), log_->durable_index()});
  (void)co_await log_->delete_below(next, std::max(next, high_watermark_), stored);
  tell_trimmed();
}

// What is looked up by time must not be found before the start.
seastar::future<> replica::start_reached() {
  while (moving_start_ && log_->start_offset() < moved_start_ && takes_part())
    if (co_await fibers_.stopped_within(std::chrono::milliseconds(1))) break;
}

}  // namespace weir
