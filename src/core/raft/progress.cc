#include "core/raft/progress.h"

#include <algorithm>

namespace weir::raft {

bool progress::has_room(const raft_options& options) const {
  if (reading_) return false;
  switch (state_) {
    case flow::probe:
      return !probing_;
    case flow::replicate:
      return flights_.size() < options.inflight_messages_max &&
             flight_bytes_ < options.inflight_bytes_max;
    case flow::snapshot:
      return false;
  }
  return false;
}

std::uint64_t progress::room_bytes(const raft_options& options) const {
  const auto left =
      options.inflight_bytes_max - std::min(flight_bytes_, options.inflight_bytes_max);
  return std::min(options.append_bytes_max, left);
}

void progress::sent(log_index through, std::uint64_t bytes, milliseconds now) {
  if (state_ == flow::probe) {
    // Where the logs agree is not known: `next` stays until the answer.
    probing_ = true;
    probed_ = now;
    return;
  }
  next_ = through + 1;
  flights_.push_back({through, bytes, now});
  flight_bytes_ += bytes;
}

void progress::stored(log_index match) {
  const bool news = match > match_;
  match_ = std::max(match_, match);
  if (state_ == flow::snapshot && match_ < snapshot_) return;
  if (state_ != flow::replicate && (news || match_ + 1 >= next_ || state_ == flow::snapshot)) {
    // The first word that the logs agree somewhere: from here on messages need not wait.
    state_ = flow::replicate;
    probing_ = false;
    next_ = match_ + 1;
  }
  next_ = std::max(next_, match_ + 1);
  while (!flights_.empty() && flights_.front().through <= match_) {
    flight_bytes_ -= flights_.front().bytes;
    flights_.pop_front();
  }
}

bool progress::refused(log_index previous, log_index agrees) {
  if (state_ == flow::snapshot) return false;
  if (fell_) match_ = std::min(match_, agrees);
  // Of an older message if it speaks of what is known to agree, or of another place than the probe.
  if (previous <= match_) return false;
  if (state_ == flow::probe && previous + 1 != next_) return false;
  probe_from(std::max(match_, std::min(agrees, previous - 1)) + 1);
  return true;
}

void progress::lost(log_index received, milliseconds before) {
  if (state_ == flow::probe) {
    if (!probing_ || probed_ > before) return;
    probing_ = false;
    return;
  }
  if (state_ == flow::snapshot) return;
  if (received < match_) {
    // It has started again, or does not know the leader yet: it can't tell what agrees before it is
    // told once more.
    probe_from(match_ + 1);
    return;
  }
  if (flights_.empty()) return;
  const auto& oldest = flights_.front();
  if (oldest.through <= received || oldest.at > before) return;
  probe_from(std::clamp(received, match_, next_ - 1) + 1);
}

void progress::silent() {
  if (state_ == flow::replicate) probe_from(match_ + 1);
}

void progress::probe_from(log_index next) {
  state_ = flow::probe;
  next_ = next;
  probing_ = false;
  flights_.clear();
  flight_bytes_ = 0;
}

void progress::begin_snapshot(log_index last) {
  probe_from(last + 1);
  state_ = flow::snapshot;
  snapshot_ = last;
  starts_over_ = false;
}

void progress::start_over(log_index last) {
  if (state_ == flow::snapshot) return;  // it is on its way
  starts_over_ = fell_ = true;
  match_ = {};
  caught_up_ = false;
  round_target_ = last;
  probe_from(log_index(1));
}

void progress::snapshot_shipped(bool arrived, milliseconds now) {
  if (state_ != flow::snapshot) return;
  probe_from((arrived ? std::max(snapshot_, match_) : match_) + 1);
  probing_ = arrived;
  probed_ = now;
}

bool progress::count_round(log_index last, milliseconds now, milliseconds limit) {
  if (match_ < round_target_) return false;
  const bool quick = now - round_started_ <= limit;
  round_target_ = last;
  round_started_ = now;
  const bool news = quick && !caught_up_;
  caught_up_ = quick;
  return news;
}

}  // namespace weir::raft
