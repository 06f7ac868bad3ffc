#pragma once
// Time as a shard lives it. Whoever is kept from its work, by a full processor or by its own queue,
// has not read what came meanwhile: silence that it did not listen to is no silence, and groups
// that stand for election because of it make everybody's queue longer. So between two ticks no
// more than `most` passes, however long it took.
#include <algorithm>

#include "core/raft/options.h"

namespace weir {

class running_clock {
 public:
  // From here on, ticks are due: time before it is not counted as late.
  void begin(raft::milliseconds read, raft::milliseconds most) {
    last_ = read;
    most_ = most;
  }
  // `read`: of a steady clock, never less than before.
  raft::milliseconds tick(raft::milliseconds read) {
    const auto at = now(read);
    last_ = read;
    lost_ = read - at;
    return at;
  }
  // Between ticks. Never less than before.
  [[nodiscard]] raft::milliseconds now(raft::milliseconds read) const {
    return std::min(read, last_ + most_) - lost_;
  }
  // While no ticks are due.
  [[nodiscard]] raft::milliseconds unwatched(raft::milliseconds read) const { return read - lost_; }

 private:
  raft::milliseconds last_{};
  raft::milliseconds most_{};
  raft::milliseconds lost_{};
};

}  // namespace weir
