#pragma once
// Which transactions with records in a range were aborted, found in the log itself: by their
// markers, which may lie behind the range. For where aborted_transactions isn't complete.
#include <map>
#include <vector>

#include "core/log/aborted_transactions.h"
#include "core/record/batch_header.h"

namespace weir::log {

class transaction_search {
 public:
  // Batches in order from the range's first on; `body` as producer_sequences::apply wants it.
  // Behind the range only markers count.
  void add(const record::batch_header& batch, const fragments& body, bool in_range);
  // Of everything in the range it is known how it ended.
  [[nodiscard]] bool settled() const { return open_.empty(); }
  // Where the list goes on being complete: what is not settled yet ended at or behind it.
  void take(const aborted_transactions& rest);
  // In order of their markers, `stable` of each unknown. First offsets are those in the range.
  [[nodiscard]] std::vector<aborted_transaction> found() &&;

 private:
  std::map<producer_id, offset> open_;
  std::vector<aborted_transaction> found_;
};

// Of aborted transactions that reach into a read range, those whose marker is among its `batches`
// or behind it, at `next` or later. A marker that compaction took, with all records of its
// transaction, would leave a reader waiting for it, who would drop its producer's later records.
std::vector<aborted_transaction> with_markers(std::vector<aborted_transaction> of,
                                              const fragments& batches, offset next);

}  // namespace weir::log
