#pragma once
// What a partition's entries amount to: registers, producers' sequences, offsets. A fold of the
// log, so that every node that applied the same entries has the same one; `chain` says whether it
// has.
#include <deque>

#include "core/log/producer_sequences.h"
#include "sim/disk.h"

namespace weir::sim {

class applied_state {
 public:
  void apply(const entry& e);
  void take(const snapshot& from);
  [[nodiscard]] snapshot_ptr to_snapshot(raft::configuration members) const;

  [[nodiscard]] raft::entry_id last() const { return last_; }
  [[nodiscard]] offset next_offset() const { return next_offset_; }
  [[nodiscard]] std::uint64_t chain() const { return chain_; }
  // Whether all entries were applied, or whoever gave the state had them all.
  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] const std::map<std::uint32_t, std::uint64_t>& registers() const {
    return registers_;
  }
  [[nodiscard]] std::uint64_t read(std::uint32_t key) const;

 private:
  raft::entry_id last_;
  offset next_offset_{0};
  std::map<std::uint32_t, std::uint64_t> registers_;
  log::producer_sequences producers_;
  std::uint64_t chain_ = 0;
  bool whole_ = true;
};

// The claim of a batch entry as core/log counts it.
log::sequence_range sequence_of(const batch_claim& claim);
void count_batch(log::producer_sequences& producers, const entry& e);

}  // namespace weir::sim
