#pragma once
// Sparse index of one segment, in memory and as `<first_index>.idx` (docs/formats/index.md): where
// to begin reading for an index, an offset or a time. 40 bytes an entry, at first one for every 16
// KiB of frames; when `entries_max` is reached every second entry goes and the spacing doubles, so
// that an index never takes more than 128 KiB. A wrong or missing file is rebuilt by scanning.
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/log/frame.h"
#include "core/log/segment_header.h"

namespace weir::log {

// A frame's first byte: begin reading here.
struct place {
  log_index index{};
  offset base_offset{};
  position at{};
  bool operator==(const place&) const = default;
};

// Of the frames added so far, and of what cover() added.
struct segment_totals {
  position end = first_frame_position;  // of the last frame: the segment's size
  log_index next_index{};               // last index + 1; the segment's first where it is empty
  offset next_offset{};
  timestamp max_timestamp = no_timestamp;    // greatest of any record
  offset max_timestamp_offset = no_offset;   // last offset of the first batch that has it
  timestamp max_append_time = no_timestamp;  // broker's clock
  timestamp first_append_time = no_timestamp;
  // The frame at `end` follows. `max`: of its records, no_timestamp for frames without any.
  void add(const frame_head& head, timestamp max);
  bool operator==(const segment_totals&) const = default;
};

// A frame's place and what is known of all frames *before* it.
struct known_place : place {
  timestamp max_timestamp = no_timestamp;
  offset max_timestamp_offset = no_offset;
  timestamp max_append_time = no_timestamp;
};

class segment_index {
 public:
  static constexpr std::uint64_t spacing_min = 16 << 10;
  static constexpr std::size_t entries_max = 3072;
  static constexpr std::uint64_t segment_size_max = 0xffffffff;  // positions are kept in 32 bits

  segment_index(log_index first_index, offset first_offset);

  // The next frame of the segment, of which nothing was forgotten: it begins at totals().end and
  // its index is not below totals().next_index. `max_timestamp`: of its records, no_timestamp for
  // frames without any.
  void add(position at, const frame_head& head, timestamp max_timestamp);

  // No frame follows, but the segment covers more: indexes and offsets up to these (exclusive).
  void cover(log_index next_index, offset next_offset);

  // The greatest known place at or below; the segment's start if there is none.
  [[nodiscard]] place find(log_index index) const;
  [[nodiscard]] place find(offset wanted) const;
  // Where to begin to look for the first record with at least this time: all frames before have
  // smaller ones. Nothing if no record of the segment is as late.
  [[nodiscard]] std::optional<place> find(timestamp wanted) const;

  // Forgets frames from `from` on, and some before it (all, where it was not complete(), which it
  // is then): the caller adds the frames again that lie between the returned place (now
  // totals().end) and `from`.
  place truncate(log_index from);

  [[nodiscard]] const segment_totals& totals() const { return totals_; }
  [[nodiscard]] place start() const { return {first_index_, first_offset_, first_frame_position}; }
  [[nodiscard]] std::size_t entries() const { return entries_.size(); }
  [[nodiscard]] known_place entry(std::size_t number) const;  // below entries()
  [[nodiscard]] std::uint64_t memory() const;                 // bytes

  // Of a segment that no frame follows: the totals stay, and places are found from its start on.
  void forget_entries();
  // All entries are here, so that places are close ones.
  [[nodiscard]] bool complete() const { return complete_; }

  // The file's bytes: valid for the first totals().end bytes of the segment with this salt.
  [[nodiscard]] std::string encode(std::uint64_t salt) const;
  // `log_size`: the segment's size. The index may cover less (the rest is then scanned and added),
  // never more. Errors: cut_off, bad_magic, newer_version, bad_checksum, bad_field (another salt or
  // first index, more covered than there is, entries out of order).
  static std::expected<segment_index, log_error> decode(std::string_view file, std::uint64_t salt,
                                                        log_index first_index,
                                                        std::uint64_t log_size);
  // The totals alone, from the file's first file_head_size bytes; complete() where there are no
  // entries. Errors: the same.
  static constexpr std::size_t file_head_size = 120;
  static constexpr std::size_t file_size_max = file_head_size + entries_max * 40;
  static std::expected<segment_index, log_error> decode_head(std::string_view head,
                                                             std::uint64_t salt,
                                                             log_index first_index,
                                                             std::uint64_t log_size);

 private:
  struct packed_entry {
    std::uint32_t index_delta;  // from first_index_
    std::uint32_t at;
    offset base_offset;
    timestamp max_timestamp;
    offset max_timestamp_offset;
    timestamp max_append_time;
  };
  static_assert(sizeof(packed_entry) == 40);
  [[nodiscard]] place place_of(const packed_entry& e) const;
  void thin_out();

  log_index first_index_;
  offset first_offset_;
  segment_totals totals_;
  std::uint64_t spacing_ = spacing_min;
  std::vector<packed_entry> entries_;
  bool complete_ = true;
};

}  // namespace weir::log
