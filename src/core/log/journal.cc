#include "core/log/journal.h"

#include <algorithm>
#include <charconv>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRJNL\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t header_used = 40;
constexpr std::string_view suffix = ".journal";

std::uint32_t head_crc(const char* head, std::uint64_t salt, position at) {
  std::array<char, 16> bound;
  store_le(bound.data(), salt);
  store_le(bound.data() + 8, at.value());
  return crc32c({head + 4, journal_record_head_size - 4}, crc32c({bound.data(), bound.size()}));
}

void encode(const journal_entry& e, char* to) {
  store_be(to, e.topic.high);
  store_be(to + 8, e.topic.low);
  store_le(to + 16, e.partition.value());
  store_le(to + 20, static_cast<std::uint32_t>(e.kind));
  store_le(to + 24, e.segment.value());
  store_le(to + 32, e.salt);
  store_le(to + 40, e.at.value());
  store_le(to + 48, e.size);
}

journal_entry decode_entry(const char* from) {
  return {.topic = {load_be<std::uint64_t>(from), load_be<std::uint64_t>(from + 8)},
          .partition = partition_id(load_le<std::int32_t>(from + 16)),
          .kind = static_cast<journal_kind>(load_le<std::uint32_t>(from + 20)),
          .segment = log_index(load_le<std::uint64_t>(from + 24)),
          .salt = load_le<std::uint64_t>(from + 32),
          .at = position(load_le<std::uint64_t>(from + 40)),
          .size = load_le<std::uint32_t>(from + 48)};
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string encode(const journal_header& header) {
  std::string block(journal_block, '\0');
  char* b = block.data();
  std::ranges::copy(magic, b);
  store_le(b + 8, version);
  store_le(b + 16, header.salt);
  store_le(b + 24, header.generation);
  store_le(b + 32, header.first_sequence);
  store_le(b + 12, crc32c({b + 16, header_used - 16}));
  return block;
}

std::expected<journal_header, log_error> decode_journal_header(std::string_view block) {
  if (block.size() < header_used) return std::unexpected(log_error::cut_off);
  const char* b = block.data();
  if (!block.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  if (load_le<std::uint32_t>(b + 8) > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(b + 12) != crc32c({b + 16, header_used - 16}))
    return std::unexpected(log_error::bad_checksum);
  return journal_header{.salt = load_le<std::uint64_t>(b + 16),
                        .generation = load_le<std::uint64_t>(b + 24),
                        .first_sequence = load_le<std::uint64_t>(b + 32)};
}

std::size_t journal_record::size() const {
  const auto used = journal_record_head_size + table_size() + bytes;
  return (used + journal_block - 1) / journal_block * journal_block;
}

std::string encode_record(std::uint64_t sequence, std::span<const journal_entry> entries,
                          std::uint32_t bytes_crc, std::uint64_t salt, position at) {
  std::string out(journal_record_head_size + entries.size() * journal_entry_size, '\0');
  std::uint64_t bytes = 0;
  char* to = out.data() + journal_record_head_size;
  for (const auto& e : entries) {
    encode(e, to);
    to += journal_entry_size;
    bytes += e.size;
  }
  weir_check(entries.size() <= journal_entries_max && bytes <= journal_bytes_max,
             "journal record of {} entries, {} bytes", entries.size(), bytes);
  char* head = out.data();
  store_le(head + 4, crc32c(std::string_view(out).substr(journal_record_head_size)));
  store_le(head + 8, bytes_crc);
  store_le(head + 12, static_cast<std::uint32_t>(entries.size()));
  store_le(head + 16, sequence);
  store_le(head + 24, static_cast<std::uint32_t>(bytes));
  store_le(head, head_crc(head, salt, at));
  return out;
}

std::expected<journal_record, log_error> decode_record(std::string_view from, std::uint64_t salt,
                                                       position at) {
  if (from.size() < journal_record_head_size) return std::unexpected(log_error::cut_off);
  const char* head = from.data();
  if (load_le<std::uint32_t>(head) != head_crc(head, salt, at))
    return std::unexpected(log_error::bad_checksum);
  const journal_record record{.entries = load_le<std::uint32_t>(head + 12),
                              .table_crc = load_le<std::uint32_t>(head + 4),
                              .bytes = load_le<std::uint32_t>(head + 24),
                              .bytes_crc = load_le<std::uint32_t>(head + 8),
                              .sequence = load_le<std::uint64_t>(head + 16)};
  if (record.entries == 0 || record.entries > journal_entries_max ||
      record.bytes > journal_bytes_max || load_le<std::uint32_t>(head + 28) != 0)
    return std::unexpected(log_error::bad_field);
  return record;
}

std::expected<std::vector<journal_entry>, log_error> decode_table(const journal_record& record,
                                                                  std::string_view table) {
  if (table.size() != record.table_size()) return std::unexpected(log_error::cut_off);
  if (crc32c(table) != record.table_crc) return std::unexpected(log_error::bad_checksum);
  std::vector<journal_entry> entries;
  entries.reserve(record.entries);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < record.entries; ++i) {
    const auto& e = entries.emplace_back(decode_entry(table.data() + i * journal_entry_size));
    if (e.kind > journal_kind::cut || (e.kind == journal_kind::cut && e.size != 0) ||
        e.partition.value() < 0 || e.at.value() > UINT32_MAX ||
        load_le<std::uint32_t>(table.data() + i * journal_entry_size + 52) != 0)
      return std::unexpected(log_error::bad_field);
    bytes += e.size;
  }
  if (bytes != record.bytes) return std::unexpected(log_error::bad_field);
  return entries;
}

std::string journal_file_name(unsigned shard, unsigned slot) {
  return std::to_string(shard) + "-" + std::to_string(slot) + std::string(suffix);
}

std::optional<journal_place> parse_journal_file_name(std::string_view name) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  const auto dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto shard = number(name.substr(0, dash));
  const auto slot = number(name.substr(dash + 1));
  if (!shard || !slot) return std::nullopt;
  return journal_place{*shard, *slot};
}

}  // namespace weir::log
