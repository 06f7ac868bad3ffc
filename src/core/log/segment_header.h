#pragma once
// The first block of a segment file, and the names of a segment's files (docs/formats/segment.md).
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/log/errors.h"
#include "core/log/frame.h"

namespace weir::log {

inline constexpr std::size_t segment_header_size = 4096;
inline constexpr position first_frame_position{segment_header_size};

// What a compacted segment stands for, though its last frames, or all, may be gone.
struct compacted_span {
  log_index next_index{};  // the index after the last one covered
  offset next_offset{};    // the offset after the last one covered
  position end{};          // of the last frame: all of it was durable when the file got its name
  weir::term last_term{};  // of the last entry covered
  bool operator==(const compacted_span&) const = default;
};

struct segment_header {
  std::uint64_t salt = 0;  // random, new for every segment file and every reuse of one
  log_index first_index{};
  offset first_offset{};
  weir::term term{};  // the term in which it was created
  vote last_vote;     // the last durable vote at creation, so that older segments may go
  uuid topic;
  partition_id partition{};
  timestamp created{};  // broker's clock
  // Written by compaction: frames have holes in index and offset, votes are only in last_vote
  // (which is then the one as of the end), and nothing is ever appended.
  std::optional<compacted_span> compacted;
  // Tombstones through here may be gone from the log that this segment is part of (raft::consensus:
  // forgotten).
  log_index forgotten{};
  bool operator==(const segment_header&) const = default;
};

// Fills the whole block, zeros included.
void encode(const segment_header& header, std::span<char, segment_header_size> to);
// Errors: cut_off (fewer than segment_header_size bytes), bad_magic, newer_version, bad_checksum,
// bad_field.
std::expected<segment_header, log_error> decode_segment_header(std::string_view block);

// "00000000000000000042.log": first index, 20 digits.
std::string segment_file_name(log_index first);
std::string index_file_name(log_index first);      // the same with ".idx"
std::string producers_file_name(log_index first);  // with ".producers"
// The format of a data directory (docs/formats/data-directory.md): the newest one that this version
// reads, and the one that it writes. It only ever grows.
inline constexpr int data_format_version = 1;
// The other files of a partition.
inline constexpr const char* terms_file_name = "terms";
inline constexpr const char* latest_producers_file_name = "producers";
inline constexpr const char* checkpoint_file_name = "checkpoint";
inline constexpr const char* cleaner_file_name = "cleaner";
inline constexpr const char* cut_file_name = "cut";
inline constexpr const char* group_file_name = "group";
inline constexpr const char* reset_file_name = "reset";
// Behind a segment's name: it is on its way out.
inline constexpr const char* deleted_suffix = ".deleted";
// Where it is, the partition is not opened; its text says why.
inline constexpr const char* damage_file_name = "damaged";
// The first index in a name of exactly that form, else nothing.
std::optional<log_index> parse_segment_file_name(std::string_view name);
std::optional<log_index> parse_index_file_name(std::string_view name);
std::optional<log_index> parse_producers_file_name(std::string_view name);

}  // namespace weir::log
