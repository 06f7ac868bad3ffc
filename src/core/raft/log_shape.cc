#include "core/raft/log_shape.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir::raft {

log_shape::log_shape(entry_id base, std::vector<term_run> runs, log_index last)
    : base_(base), last_(last), runs_(std::move(runs)) {
  weir_check(base_.index <= last_, "log of {} to {}", base_.index, last_);
  weir_check((base_.index == last_) == runs_.empty(), "{} terms in {} to {}", runs_.size(),
             base_.index, last_);
  weir_check(runs_.empty() || runs_.front().first == base_.index + 1, "first term at {} behind {}",
             runs_.front().first, base_.index);
}

std::optional<weir::term> log_shape::term_at(log_index index) const {
  if (index < base_.index || index > last_) return std::nullopt;
  if (index == base_.index) return base_.term;
  const auto after = std::ranges::upper_bound(runs_, index, {}, &term_run::first);
  return std::prev(after)->term;
}

entry_id log_shape::last_not_above(entry_id bound) const {
  auto index = std::min(bound.index, last_);
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->first > index) continue;
    if (run->term <= bound.term) return {run->term, index};
    index = run->first - 1;
  }
  return base_;
}

void log_shape::append(entry_id next) {
  weir_check(next.term >= last_term() && next.index > last_, "{} of term {} behind {} of term {}",
             next.index, next.term, last_, last_term());
  if (runs_.empty() && (next.index > last_ + 1 || next.term == base_.term))
    runs_.push_back({base_.term, last_ + 1});
  if (runs_.empty() || runs_.back().term != next.term) runs_.push_back({next.term, next.index});
  last_ = next.index;
}

void log_shape::truncate_after(log_index index) {
  weir_check(index >= base_.index && index <= last_, "truncation behind {} of {} to {}", index,
             base_.index, last_);
  last_ = index;
  while (!runs_.empty() && runs_.back().first > last_) runs_.pop_back();
}

void log_shape::trim(log_index through) {
  weir_check(through >= base_.index && through <= last_, "trim through {} of {} to {}", through,
             base_.index, last_);
  base_ = {*term_at(through), through};
  const auto after = std::ranges::upper_bound(runs_, through + 1, {}, &term_run::first);
  if (through == last_) {
    runs_.clear();
  } else {
    const auto kept = std::prev(after);
    kept->first = through + 1;
    runs_.erase(runs_.begin(), kept);
  }
}

void log_shape::reset(entry_id base) {
  base_ = base;
  last_ = base.index;
  runs_.clear();
}

}  // namespace weir::raft
