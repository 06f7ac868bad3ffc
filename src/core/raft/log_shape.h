#pragma once
// The terms of a log's entries, by index: what consensus must know of a log to compare it with
// another. 16 bytes for each term that the log has entries of; nothing for an entry.
//
// Invariants: base() <= last(); terms never fall from entry to entry; every index in
// (base, last] has a term, and base has the term of the entry that was there before it was trimmed
// or covered by a snapshot (0 at index 0). Compaction changes nothing here: an entry that it took
// has the term that it had, which is that of the one before it, since the first entry of a term is
// never taken.
#include <optional>
#include <vector>

#include "core/raft/entry.h"

namespace weir::raft {

// Entries from `first` on, up to the next run, are of this term.
struct term_run {
  weir::term term;
  log_index first;
  bool operator==(const term_run&) const = default;
};

class log_shape {
 public:
  // `runs` in order of index; the entries up to `last` belong to the last one.
  log_shape(entry_id base, std::vector<term_run> runs, log_index last);

  [[nodiscard]] entry_id base() const { return base_; }
  [[nodiscard]] entry_id last() const { return {last_term(), last_}; }
  // Nothing below the base and above the last.
  [[nodiscard]] std::optional<weir::term> term_at(log_index index) const;
  [[nodiscard]] bool holds(entry_id entry) const { return term_at(entry.index) == entry.term; }
  // The last entry at or below `bound.index` whose term is not above `bound.term`: where two logs
  // that disagree at `bound` may agree again, skipping whole terms (section 3.5, the end). The base
  // if there is none.
  [[nodiscard]] entry_id last_not_above(entry_id bound) const;

  // Index last + 1, of this term.
  void append(weir::term term) { append({term, last_ + 1}); }
  // What lies between the last one and this one was taken by compaction, where it came from.
  void append(entry_id next);
  // Entries behind `index` are gone; it lies in [base, last].
  void truncate_after(log_index index);
  // Entries up to `through` are gone from the front; it lies in [base, last].
  void trim(log_index through);
  // All of it is gone; the next entry follows `base`.
  void reset(entry_id base);

 private:
  [[nodiscard]] weir::term last_term() const {
    return runs_.empty() ? base_.term : runs_.back().term;
  }

  entry_id base_;
  log_index last_;
  std::vector<term_run> runs_;  // the first one begins at base + 1
};

}  // namespace weir::raft
