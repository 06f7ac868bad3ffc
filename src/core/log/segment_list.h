#pragma once
// A partition's segments as plain facts, and the plans made from them: when to roll, what may be
// deleted. Nothing here touches a file.
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>

#include "core/base/ids.h"
#include "core/log/segment_index.h"

namespace weir::log {

struct segment_facts {
  log_index first_index{};
  log_index next_index{};  // last index + 1
  offset first_offset{};
  offset next_offset{};
  std::uint64_t size = segment_header_size;  // bytes in use, header included
  timestamp created{};                       // the times below but the record's are the broker's
  timestamp first_append_time = no_timestamp;
  timestamp max_append_time = no_timestamp;
  timestamp max_timestamp = no_timestamp;  // greatest of any record
  [[nodiscard]] bool empty() const { return next_index == first_index; }
  void update(const segment_totals& totals);
};

class segment_list {
 public:
  // The next segment, active from now on. It begins where the last one ends.
  void push_back(const segment_facts& facts);
  void drop_front(std::size_t count);  // the active one stays
  void pop_back();                     // a truncation emptied it
  // Compaction: one that covers what `count` neighbours from `first` on did. Not the active one.
  void replace(std::size_t first, std::size_t count, const segment_facts& by);
  [[nodiscard]] bool empty() const { return segments_.empty(); }
  [[nodiscard]] std::size_t size() const { return segments_.size(); }
  [[nodiscard]] const segment_facts& operator[](std::size_t i) const { return segments_[i]; }
  [[nodiscard]] segment_facts& active();
  [[nodiscard]] const segment_facts& active() const;
  [[nodiscard]] std::uint64_t total_size() const;

  // Which segment holds it; nothing outside of [first, next).
  [[nodiscard]] std::optional<std::size_t> find(log_index index) const;
  // The segment to begin reading from: in a compacted log the offset may be gone from it and the
  // record sought be in a later one.
  [[nodiscard]] std::optional<std::size_t> find(offset wanted) const;
  // The first segment with a record at least as late.
  [[nodiscard]] std::optional<std::size_t> find(timestamp wanted) const;

 private:
  std::deque<segment_facts> segments_;
};

struct roll_rules {
  std::uint64_t segment_bytes = 1ULL << 30;  // segment.bytes
  std::int64_t segment_ms = 604'800'000;     // segment.ms
  std::int64_t jitter_ms = 0;  // this partition's share of segment.jitter.ms, drawn by the caller
};
// Whether a frame of `next_size` bytes, head included, belongs to a new segment. Never when the
// active one is empty. next_size 0 asks by age alone.
bool roll_due(const roll_rules& rules, const segment_facts& active, timestamp now,
              std::uint64_t next_size);

struct retention_rules {
  std::int64_t bytes = -1;        // retention.bytes, -1: unlimited
  std::int64_t ms = 604'800'000;  // retention.ms, -1: unlimited
};
struct retention_plan {
  std::size_t drop = 0;   // leading segments that may go
  offset start_offset{};  // the log's start after that; never below the one given
  log_index start_index{};
  bool roll_active = false;  // the active one has expired whole: roll it, it may go next time
};
// `start_offset`: where the log begins for readers. `committed`: segments with later entries stay.
retention_plan plan_retention(const segment_list& segments, const retention_rules& rules,
                              timestamp now, offset start_offset, log_index committed);
// How old a segment counts for retention.ms: its latest record's time, but not later than the
// broker stored it, so that a record from the future can't hold the partition.
timestamp retention_time(const segment_facts& facts);

enum class delete_error : std::uint8_t { out_of_range };  // OFFSET_OUT_OF_RANGE
// DeleteRecords to `before` (exclusive); -1: to the commit. A target below the start changes
// nothing.
std::expected<retention_plan, delete_error> plan_delete_records(const segment_list& segments,
                                                                offset before, offset start_offset,
                                                                offset commit_offset,
                                                                log_index committed);

}  // namespace weir::log
