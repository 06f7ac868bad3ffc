#include "core/log/segment_index.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir::log {

void segment_totals::add(const frame_head& head, timestamp max) {
  if (head.is_entry()) {
    if (first_append_time == no_timestamp) first_append_time = head.append_time;
    max_append_time = std::max(max_append_time, head.append_time);
  }
  if (max > max_timestamp) {
    max_timestamp = max;
    max_timestamp_offset = head.next_offset() - 1;
  }
  end += head.size();
  next_index = head.next_index();
  next_offset = head.next_offset();
}

segment_index::segment_index(log_index first_index, offset first_offset)
    : first_index_(first_index), first_offset_(first_offset) {
  totals_.next_index = first_index;
  totals_.next_offset = first_offset;
}

void segment_index::add(position at, const frame_head& head, timestamp max_timestamp) {
  weir_check(complete_ && at == totals_.end && head.index >= totals_.next_index &&
                 at.value() + head.size() <= segment_size_max,
             "frame {} at {} after {} at {}", head.index, at, totals_.next_index, totals_.end);
  const std::uint64_t last = entries_.empty() ? segment_header_size : entries_.back().at;
  if (head.is_entry() && at.value() - last >= spacing_) {
    if (entries_.size() == entries_max) thin_out();
    entries_.push_back({static_cast<std::uint32_t>(head.index - first_index_),
                        static_cast<std::uint32_t>(at.value()), head.base_offset,
                        totals_.max_timestamp, totals_.max_timestamp_offset,
                        totals_.max_append_time});
  }
  totals_.add(head, max_timestamp);
}

known_place segment_index::entry(std::size_t number) const {
  const auto& e = entries_[number];
  return {place_of(e), e.max_timestamp, e.max_timestamp_offset, e.max_append_time};
}

void segment_index::cover(log_index next_index, offset next_offset) {
  weir_check(next_index >= totals_.next_index && next_offset >= totals_.next_offset,
             "cover up to {}, {} what reaches to {}, {}", next_index, next_offset,
             totals_.next_index, totals_.next_offset);
  totals_.next_index = next_index;
  totals_.next_offset = next_offset;
}

void segment_index::thin_out() {
  std::size_t kept = 0;
  for (std::size_t i = 1; i < entries_.size(); i += 2) entries_[kept++] = entries_[i];
  entries_.resize(kept);
  spacing_ *= 2;
}

place segment_index::place_of(const packed_entry& e) const {
  return {first_index_ + e.index_delta, e.base_offset, position(e.at)};
}

place segment_index::find(log_index index) const {
  if (index < first_index_) return start();
  const auto delta = index - first_index_;
  const auto later = std::ranges::upper_bound(
      entries_, delta, {}, [](const packed_entry& e) -> std::uint64_t { return e.index_delta; });
  return later == entries_.begin() ? start() : place_of(*std::prev(later));
}

place segment_index::find(offset wanted) const {
  const auto later = std::ranges::upper_bound(entries_, wanted, {}, &packed_entry::base_offset);
  return later == entries_.begin() ? start() : place_of(*std::prev(later));
}

std::optional<place> segment_index::find(timestamp wanted) const {
  if (totals_.max_timestamp < wanted || totals_.max_timestamp == no_timestamp) return std::nullopt;
  const auto later = std::ranges::lower_bound(entries_, wanted, {}, &packed_entry::max_timestamp);
  return later == entries_.begin() ? start() : place_of(*std::prev(later));
}

place segment_index::truncate(log_index from) {
  if (complete_ && from >= totals_.next_index) {
    return {totals_.next_index, totals_.next_offset, totals_.end};
  }
  const auto to = find(from);
  complete_ = true;
  std::optional<packed_entry> last;
  while (!entries_.empty() && entries_.back().at >= to.at.value()) {
    last = entries_.back();
    entries_.pop_back();
  }
  segment_totals kept;
  kept.end = to.at;
  kept.next_index = to.index;
  kept.next_offset = to.base_offset;
  if (to.at > first_frame_position) {
    kept.max_timestamp = last->max_timestamp;
    kept.max_timestamp_offset = last->max_timestamp_offset;
    kept.max_append_time = last->max_append_time;
    kept.first_append_time = totals_.first_append_time;
  }
  totals_ = kept;
  return to;
}

void segment_index::forget_entries() {
  complete_ = entries_.empty();
  entries_ = std::vector<packed_entry>();
}

std::uint64_t segment_index::memory() const {
  return sizeof *this + entries_.capacity() * sizeof(packed_entry);
}

}  // namespace weir::log
