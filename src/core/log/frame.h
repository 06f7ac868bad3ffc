#pragma once
// Room core/log: everything about a partition's files that can be decided without waiting. This
// header has the frame, the unit of the log: one Raft entry (or one durable vote) with its
// checksums. Others: segment_header (file head and names), scan (recovery and reading),
// segment_index (offset, index and time lookup), term_map (leader epochs), producer_sequences
// (idempotence), checkpoint, segment_list (rolling and retention).
//
// Invariants: every entry carries both its Raft index and its Kafka offset; entries of a segment
// are contiguous in index (but where one says that compaction was, and in compacted segments) and
// non-decreasing in term; a frame is valid
// at one place of one file only, because its checksum includes the file's salt and its position.
// Layout: docs/formats/segment.md.
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/fragments.h"
#include "core/base/ids.h"
#include "core/log/errors.h"

namespace weir::log {

inline constexpr std::size_t frame_head_size = 56;
inline constexpr std::uint32_t frame_body_size_max = 256U << 20;
inline constexpr std::size_t batch_header_size = 61;  // of a Kafka record batch v2
// Of a body, what a scan gives: a batch's header, and all of a transaction marker's batch.
inline constexpr std::size_t body_start_size = 128;

enum class frame_kind : std::uint8_t {
  batch = 1,          // one Kafka record batch v2, exactly as a fetch returns it
  term_start = 2,     // a new leader's first entry, without body
  vote = 3,           // a durable vote: takes neither an index nor an offset
  configuration = 4,  // Raft membership
  command = 5,        // a catalog command: takes one offset, like a record
  start_moved = 6,    // DeleteRecords: what lies before an offset is deleted
};

struct frame_head {
  frame_kind kind = frame_kind::batch;
  std::uint32_t body_size = 0;  // bytes after the head, at most frame_body_size_max
  // batch: the CRC field of the batch itself (it covers the body from byte 21 on). Others: CRC-32C
  // of the body.
  std::uint32_t body_crc = 0;
  weir::term term{};  // of the entry; of a vote: the term voted in
  // Of the entry; of a vote: the index that the next entry will get.
  log_index index{};
  offset base_offset{};            // first offset taken; where none is taken, the next free one
  std::uint32_t offset_count = 0;  // offsets taken; 0 for term_start, vote, configuration
  // Bytes right before this frame that were not known to be flushed when it was written. A good
  // frame proves that everything older than these was durable, so that damage there is corruption
  // and damage within them an ordinary torn write. 0 (the safe default): all of it was durable.
  std::uint32_t unflushed_before = 0;
  timestamp append_time{};  // the appending broker's clock, not the record's
  // Entries right before it are missing: compaction took them from the log that it came from. Not
  // said within compacted segments.
  bool after_hole = false;

  [[nodiscard]] std::uint64_t size() const { return frame_head_size + body_size; }
  [[nodiscard]] offset next_offset() const { return base_offset + offset_count; }
  [[nodiscard]] bool is_entry() const { return kind != frame_kind::vote; }
  [[nodiscard]] log_index next_index() const { return is_entry() ? index + 1 : index; }
  bool operator==(const frame_head&) const = default;
};

// The head's bytes for a frame whose first byte lies at `at` of the segment with this salt. The
// head's fields must be in range for its kind (checked).
std::array<char, frame_head_size> encode(const frame_head& head, std::uint64_t salt, position at);

// The head at the start of `from`. Errors: cut_off, bad_checksum, unknown_kind, bad_field.
std::expected<frame_head, log_error> decode_frame_head(std::string_view from, std::uint64_t salt,
                                                       position at);

// Checks a body piece by piece: its size, its checksum and, for a batch, that the batch's own
// header says the same as the frame (base offset, length, leader epoch, magic, CRC field, offset
// count).
class body_check {
 public:
  explicit body_check(const frame_head& head) : head_(head) {}
  void feed(std::string_view piece);  // not more in all than head.body_size
  [[nodiscard]] std::uint32_t left() const { return head_.body_size - seen_; }
  // The first bytes fed, at most body_start_size: a batch's header, a vote's whole body.
  [[nodiscard]] std::string_view start() const;
  // Once left() is 0. Errors: body_mismatch, bad_checksum, bad_field (a malformed vote).
  [[nodiscard]] std::expected<void, log_error> finish() const;

 private:
  frame_head head_;
  std::uint32_t seen_ = 0;
  std::uint32_t crc_ = 0;
  std::array<char, body_start_size> start_{};
};
std::expected<void, log_error> check_body(const frame_head& head, const fragments& body);

// The body of a start_moved: the first offset that stays. Errors: cut_off, bad_field.
inline constexpr std::size_t start_size = 8;
std::array<char, start_size> encode_start(offset to);
std::expected<offset, log_error> decode_start(std::string_view body);

// body_crc for bodies other than batches.
std::uint32_t body_crc(const fragments& body);

// What recovery needs of a batch's own header (big-endian, at fixed places).
struct batch_facts {
  offset base_offset{};
  std::int32_t last_offset_delta = 0;
  timestamp max_timestamp{};  // of its records; no_timestamp where they carry none
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  std::int32_t first_sequence = -1;
  bool transactional = false;
  bool control = false;
};
// Nothing if there are fewer than batch_header_size bytes. Judges no value.
std::optional<batch_facts> read_batch_facts(std::string_view batch_start);

struct vote {
  weir::term term{};
  node_id voted_for{-1};  // -1: none yet in this term
  bool operator==(const vote&) const = default;
};
inline constexpr std::size_t vote_size = 12;
std::array<char, vote_size> encode(const vote& v);
std::expected<vote, log_error> decode_vote(std::string_view body);

}  // namespace weir::log
