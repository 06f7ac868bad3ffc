#include "core/log/transaction_search.h"

#include <algorithm>
#include <set>

#include "core/record/batch_builder.h"
#include "core/record/batches.h"

namespace weir::log {

void transaction_search::add(const record::batch_header& batch, const fragments& body,
                             bool in_range) {
  if (!batch.has_producer()) return;
  if (!batch.control()) {
    if (in_range && batch.transactional()) open_.emplace(batch.producer, batch.base_offset);
    return;
  }
  const auto open = open_.find(batch.producer);
  if (open == open_.end()) return;
  const auto seen = record::read_marker(batch, body);
  if (!seen || !*seen) return;
  if ((*seen)->kind == record::marker::abort)
    found_.push_back(
        {.producer = batch.producer, .first = open->second, .last = batch.base_offset});
  open_.erase(open);
}

void transaction_search::take(const aborted_transactions& rest) {
  for (const auto& [producer, first] : open_) {
    const auto& all = rest.all();
    const auto at = std::ranges::find_if(
        all, [&](const auto& one) { return one.producer == producer && one.last > first; });
    if (at != all.end() && at->first <= first)
      found_.push_back({.producer = producer, .first = first, .last = at->last});
  }
  open_.clear();
}

std::vector<aborted_transaction> transaction_search::found() && {
  std::ranges::sort(found_, {}, &aborted_transaction::last);
  return std::move(found_);
}

std::vector<aborted_transaction> with_markers(std::vector<aborted_transaction> of,
                                              const fragments& batches, offset next) {
  std::set<offset> missing;
  for (const auto& one : of) {
    if (one.last < next) missing.insert(one.last);
  }
  record::batch_walk walk(batches);
  while (!missing.empty()) {
    const auto batch = walk.next();
    if (!batch || !*batch) break;
    if ((*batch)->header.control()) missing.erase((*batch)->header.base_offset);
  }
  std::erase_if(of, [&](const auto& one) { return missing.contains(one.last); });
  return of;
}

}  // namespace weir::log
