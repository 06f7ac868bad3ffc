#pragma once
// What a leader knows of one peer's log, and how much it may send it (section 10.2.1: pipelining).
//
// States: `probe`: it is not known where the logs agree, one message at a time is tried.
// `replicate`: known, messages follow each other up to the bounds without waiting. `snapshot`: the
// entries that it needs are trimmed; nothing is sent until it has the state. In any of them, a peer
// that has not been heard of for a while gets heartbeats only.
//
// Invariants: match < next; what is in flight lies in [match + 1, next); a ship request is out for
// at most one range.
#include <deque>

#include "core/raft/entry.h"
#include "core/raft/options.h"

namespace weir::raft {

enum class flow : std::uint8_t { probe, replicate, snapshot };

class progress {
 public:
  progress(log_index last, milliseconds now) : next_(last + 1), heard_(now), round_started_(now) {
    round_target_ = last;
  }

  [[nodiscard]] flow state() const { return state_; }
  [[nodiscard]] log_index match() const { return match_; }
  [[nodiscard]] log_index next() const { return next_; }
  [[nodiscard]] milliseconds heard() const { return heard_; }
  [[nodiscard]] std::uint64_t acked_round() const { return acked_round_; }
  [[nodiscard]] bool caught_up() const { return caught_up_; }
  [[nodiscard]] bool rests() const { return rests_; }
  // It is to get the state, and forget what it has.
  [[nodiscard]] bool starts_over() const { return starts_over_; }

  // Whether another message may go now.
  [[nodiscard]] bool has_room(const raft_options& options) const;
  [[nodiscard]] std::uint64_t room_bytes(const raft_options& options) const;

  void heard_at(milliseconds now) { heard_ = now; }
  void acked(std::uint64_t round) { acked_round_ = std::max(acked_round_, round); }
  // It said whether it sleeps since it answered the heartbeat of that round.
  void heard_rest(std::uint64_t round, bool rests) {
    if (!rests) awake_round_ = std::max(awake_round_, round);
    rests_ = rests && round > awake_round_;
  }
  // Time passed in which neither side was to say anything.
  void woken(milliseconds now) { heard_ = round_started_ = now; }
  // A range is being read from the log.
  void begin_read() { reading_ = true; }
  void end_read() { reading_ = false; }
  // [next, through] went out.
  void sent(log_index through, std::uint64_t bytes, milliseconds now);
  // The peer has everything up to `match`, durably.
  void stored(log_index match);
  // The peer's log has nothing of ours behind `agrees`, as far as its refusal tells; `previous` is
  // what the refused message said. False: it is about an old message.
  bool refused(log_index previous, log_index agrees);
  // The peer has got everything through `received`. What left before `before` and is beyond that is
  // taken for lost.
  void lost(log_index received, milliseconds before);
  // The peer is silent: nothing more until it is heard of.
  void silent();
  void begin_snapshot(log_index last);
  // A learner: nothing is known any more of what it has. What it said before may still come.
  void start_over(log_index last);
  // The state has got there, or not. Whether it is on the peer's disk is for the peer to say: it
  // may have crashed before.
  void snapshot_shipped(bool arrived, milliseconds now);
  // Section 4.2.1: a learner has caught up when the entries that came while it took the last lot
  // took it less than `limit`. True: it has now.
  bool count_round(log_index last, milliseconds now, milliseconds limit);

 private:
  struct flight {
    log_index through;
    std::uint64_t bytes;
    milliseconds at;
  };
  void probe_from(log_index next);

  flow state_ = flow::probe;
  log_index match_;
  log_index next_;
  log_index snapshot_;  // snapshot: what it will have
  std::deque<flight> flights_;
  std::uint64_t flight_bytes_ = 0;
  bool reading_ = false;
  bool probing_ = false;  // probe: one is on its way
  milliseconds probed_{};
  milliseconds heard_;
  std::uint64_t acked_round_ = 0;
  log_index round_target_;
  milliseconds round_started_;
  bool caught_up_ = false;
  bool starts_over_ = false;
  bool fell_ = false;  // it started over once: its match may fall
  bool rests_ = false;
  std::uint64_t awake_round_ = 0;  // it answered this one and is awake, whatever came late
};

}  // namespace weir::raft
