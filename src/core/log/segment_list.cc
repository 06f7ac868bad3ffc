#include "core/log/segment_list.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir::log {

void segment_facts::update(const segment_totals& totals) {
  next_index = totals.next_index;
  next_offset = totals.next_offset;
  size = totals.end.value();
  first_append_time = totals.first_append_time;
  max_append_time = totals.max_append_time;
  max_timestamp = totals.max_timestamp;
}

void segment_list::push_back(const segment_facts& facts) {
  if (!segments_.empty()) {
    const auto& last = segments_.back();
    weir_check(facts.first_index == last.next_index && facts.first_offset == last.next_offset,
               "segment {} after one that ends before {}", facts.first_index, last.next_index);
  }
  segments_.push_back(facts);
}

void segment_list::drop_front(std::size_t count) {
  weir_check(count < segments_.size(), "{} of {} segments dropped", count, segments_.size());
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(count));
}

void segment_list::pop_back() {
  weir_check(!segments_.empty(), "no segment to remove");
  segments_.pop_back();
}

void segment_list::replace(std::size_t first, std::size_t count, const segment_facts& by) {
  weir_check(count > 0 && first + count < segments_.size(), "{} segments from {} of {} replaced",
             count, first, segments_.size());
  const auto& last = segments_[first + count - 1];
  weir_check(by.first_index == segments_[first].first_index && by.next_index == last.next_index &&
                 by.first_offset == segments_[first].first_offset &&
                 by.next_offset == last.next_offset,
             "segments from {} to {} replaced by one from {} to {}", segments_[first].first_index,
             last.next_index, by.first_index, by.next_index);
  segments_[first] = by;
  const auto from = segments_.begin() + static_cast<std::ptrdiff_t>(first);
  segments_.erase(from + 1, from + static_cast<std::ptrdiff_t>(count));
}

segment_facts& segment_list::active() {
  weir_check(!segments_.empty(), "no active segment");
  return segments_.back();
}
const segment_facts& segment_list::active() const {
  weir_check(!segments_.empty(), "no active segment");
  return segments_.back();
}

std::uint64_t segment_list::total_size() const {
  std::uint64_t size = 0;
  for (const auto& s : segments_) size += s.size;
  return size;
}

std::optional<std::size_t> segment_list::find(log_index index) const {
  const auto later = std::ranges::upper_bound(segments_, index, {}, &segment_facts::first_index);
  if (later == segments_.begin() || index >= segments_.back().next_index) return std::nullopt;
  return static_cast<std::size_t>(later - segments_.begin()) - 1;
}

// Of segments that begin at one offset the last one holds it: the others took none.
std::optional<std::size_t> segment_list::find(offset wanted) const {
  const auto later = std::ranges::upper_bound(segments_, wanted, {}, &segment_facts::first_offset);
  if (later == segments_.begin() || wanted >= segments_.back().next_offset) return std::nullopt;
  return static_cast<std::size_t>(later - segments_.begin()) - 1;
}

std::optional<std::size_t> segment_list::find(timestamp wanted) const {
  const auto found = std::ranges::find_if(segments_, [&](const segment_facts& s) {
    return s.max_timestamp != no_timestamp && s.max_timestamp >= wanted;
  });
  if (found == segments_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - segments_.begin());
}

bool roll_due(const roll_rules& rules, const segment_facts& active, timestamp now,
              std::uint64_t next_size) {
  if (active.empty()) return false;
  const auto size_max = std::min(rules.segment_bytes, segment_index::segment_size_max);
  if (active.size + next_size > size_max) return true;
  const std::int64_t age_max = std::max<std::int64_t>(0, rules.segment_ms - rules.jitter_ms);
  return active.first_append_time != no_timestamp && now - active.first_append_time >= age_max;
}

timestamp retention_time(const segment_facts& facts) {
  if (facts.max_append_time == no_timestamp) return facts.created;
  if (facts.max_timestamp == no_timestamp) return facts.max_append_time;
  return std::min(facts.max_timestamp, facts.max_append_time);
}

retention_plan plan_retention(const segment_list& segments, const retention_rules& rules,
                              timestamp now, offset start_offset, log_index committed) {
  retention_plan plan{.start_offset = start_offset};
  if (segments.empty()) return plan;
  const auto expired = [&](const segment_facts& s) {
    return rules.ms >= 0 && now - retention_time(s) > rules.ms;
  };
  std::uint64_t size = segments.total_size();
  const auto oversize = [&](const segment_facts& s) {
    return rules.bytes >= 0 && size - s.size >= static_cast<std::uint64_t>(rules.bytes);
  };
  plan.start_index = segments[0].first_index;
  while (plan.drop + 1 < segments.size()) {
    const auto& s = segments[plan.drop];
    const bool stored = s.empty() || s.next_index.value() - 1 <= committed.value();
    // Below the start nobody can read it.
    const bool unread = s.next_offset <= start_offset;
    if (!stored || !(unread || expired(s) || oversize(s))) break;
    size -= s.size;
    ++plan.drop;
    plan.start_index = s.next_index;
    plan.start_offset = std::max(plan.start_offset, s.next_offset);
  }
  const auto& active = segments.active();
  plan.roll_active = plan.drop + 1 == segments.size() && !active.empty() && expired(active) &&
                     active.next_index.value() - 1 <= committed.value();
  return plan;
}

std::expected<retention_plan, delete_error> plan_delete_records(const segment_list& segments,
                                                                offset before, offset start_offset,
                                                                offset commit_offset,
                                                                log_index committed) {
  if (before == offset(-1)) before = commit_offset;
  if (before.value() < 0 || before > commit_offset) {
    return std::unexpected(delete_error::out_of_range);
  }
  return plan_retention(segments, {.bytes = -1, .ms = -1}, timestamp{},
                        std::max(before, start_offset), committed);
}

}  // namespace weir::log
