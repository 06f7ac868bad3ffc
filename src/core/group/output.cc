#include "core/group/output.h"

namespace weir::group {

namespace {

bool same(const std::optional<transaction_of>& a, const std::optional<transaction_of>& b) {
  if (!a || !b) return !a && !b;
  return a->producer == b->producer && a->epoch == b->epoch;
}

}  // namespace

void output::put_record(coordinator_record record,
                        const std::optional<transaction_of>& transaction) {
  // What a record takes besides: lengths, deltas, attributes.
  constexpr std::size_t head = 32;
  const std::size_t size = head + record.key.size() + (record.value ? record.value->size() : 0);
  if (out_.batches.empty() || batch_bytes_ + size > batch_bytes_max_ ||
      !same(out_.batches.back().transaction, transaction)) {
    out_.batches.push_back({{}, transaction});
    batch_bytes_ = 0;
  }
  batch_bytes_ += size;
  out_.batches.back().records.push_back(std::move(record));
}

}  // namespace weir::group
