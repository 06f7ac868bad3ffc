#pragma once
// A shard's journal: bytes of segments that were made durable here first (docs/formats/journal.md).
#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/log/errors.h"
#include "core/log/frame.h"

namespace weir::log {

inline constexpr std::size_t journal_block = 4096;
inline constexpr std::size_t journal_record_head_size = 32;
inline constexpr std::size_t journal_entry_size = 56;
inline constexpr std::size_t journal_entries_max = 1024;
inline constexpr std::size_t journal_bytes_max = 4 << 20;  // of one record, without head and table

struct journal_header {
  std::uint64_t salt = 0;
  std::uint64_t generation = 0;
  std::uint64_t first_sequence = 0;
  bool operator==(const journal_header&) const = default;
};
std::string encode(const journal_header& header);  // one block
// Errors: cut_off, bad_magic, newer_version, bad_checksum.
std::expected<journal_header, log_error> decode_journal_header(std::string_view block);

enum class journal_kind : std::uint32_t { bytes = 0, cut = 1 };

struct journal_entry {
  uuid topic;
  partition_id partition{};
  journal_kind kind = journal_kind::bytes;
  log_index segment{};  // its first index
  std::uint64_t salt = 0;
  position at{};
  std::uint32_t size = 0;
  bool operator==(const journal_entry&) const = default;
};

struct journal_record {
  std::uint32_t entries = 0;
  std::uint32_t table_crc = 0;
  std::uint32_t bytes = 0;
  std::uint32_t bytes_crc = 0;
  std::uint64_t sequence = 0;
  [[nodiscard]] std::size_t table_size() const { return entries * journal_entry_size; }
  // Of the whole record, up to the next block.
  [[nodiscard]] std::size_t size() const;
};

// Head and table of a record that begins at `at`; the bytes, whose checksum is `bytes_crc`, follow.
std::string encode_record(std::uint64_t sequence, std::span<const journal_entry> entries,
                          std::uint32_t bytes_crc, std::uint64_t salt, position at);
// `from`: at least the head. Errors: cut_off, bad_checksum, bad_field (beyond the bounds above).
std::expected<journal_record, log_error> decode_record(std::string_view from, std::uint64_t salt,
                                                       position at);
// `table`: exactly the record's. Errors: bad_checksum, bad_field (an unknown kind, sizes that do
// not add up to the record's).
std::expected<std::vector<journal_entry>, log_error> decode_table(const journal_record& record,
                                                                  std::string_view table);

// "3-0.journal": the shard and the slot.
std::string journal_file_name(unsigned shard, unsigned slot);
struct journal_place {
  unsigned shard, slot;
};
std::optional<journal_place> parse_journal_file_name(std::string_view name);

}  // namespace weir::log
