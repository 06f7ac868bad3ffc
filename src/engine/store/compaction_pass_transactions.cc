// What compaction does with transactions: records of aborted ones go, and replace nothing; a marker
// stays as long as anything that it ends, and a while longer (docs/decisions/0015).
#include "engine/store/compaction_pass.h"

namespace weir::store {

// Below the last stable offset, where a pass ends, every transaction has ended; how is not known of
// those that the list no longer reaches.
partition_log::compaction_pass::ending partition_log::compaction_pass::ending_of(
    const record::batch_header& batch) const {
  if (!batch.transactional() || batch.control() || !batch.has_producer()) return ending::none;
  const auto& aborted = log_.producers_.aborted();
  if (!aborted.covers(batch.base_offset)) return ending::unknown;
  return aborted.has(batch.producer, batch.base_offset) ? ending::aborted : ending::committed;
}

// In the order of the log, whatever is written or only looked at.
void partition_log::compaction_pass::note(const record::batch_header& batch, const fate& f) {
  if (!batch.transactional() || !batch.has_producer()) return;
  if (!batch.control()) {
    if (f.frame) with_records_.insert(batch.producer);
    return;
  }
  with_records_.erase(batch.producer);
  if (!f.frame) markers_gone_.push_back(batch.base_offset);
}

}  // namespace weir::store
