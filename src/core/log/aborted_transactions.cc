#include "core/log/aborted_transactions.h"

#include <algorithm>

namespace weir::log {

void aborted_transactions::add(const aborted_transaction& one) {
  // Only a snapshot of another log could know of one that lies behind.
  while (!all_.empty() && all_.back().last >= one.last) all_.pop_back();
  all_.push_back(one);
  push_out();
}

void aborted_transactions::push_out() {
  if (all_.size() <= kept_max_ + kept_max_ / 8) return;
  const auto kept = all_.end() - static_cast<std::ptrdiff_t>(kept_max_);
  complete_from_ = std::prev(kept)->last + 1;
  all_.erase(all_.begin(), kept);
}

void aborted_transactions::keep(std::size_t most) {
  kept_max_ = most;
  push_out();
}

void aborted_transactions::trim(offset start) {
  all_.erase(all_.begin(), ended_at_or_behind(start));
  if (start >= complete_from_) complete_from_ = offset(0);
}

aborted_transactions::place aborted_transactions::ended_at_or_behind(offset at) const {
  return std::ranges::lower_bound(all_, at, {}, &aborted_transaction::last);
}

void aborted_transactions::forget(offset last) {
  const auto at = ended_at_or_behind(last);
  if (at == all_.end() || at->last != last) return;
  all_.erase(at);
  ++forgotten_;
}

std::vector<aborted_transaction> aborted_transactions::within(offset from, offset below) const {
  std::vector<aborted_transaction> found;
  for (auto at = ended_at_or_behind(from); at != all_.end(); ++at) {
    if (at->first < below) found.push_back(*at);
    if (at->stable >= below) break;
  }
  return found;
}

bool aborted_transactions::has(producer_id producer, offset at) const {
  for (auto one = ended_at_or_behind(at); one != all_.end(); ++one) {
    // A producer's transactions do not overlap: the first to end behind it is the only one.
    if (one->producer == producer) return one->first <= at;
    if (one->stable > at) break;
  }
  return false;
}

}  // namespace weir::log
