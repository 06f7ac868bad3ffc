// The index file's bytes: docs/formats/index.md.
#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/segment_index.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRIDX\n";
constexpr std::uint32_t version = 2;
constexpr std::size_t header_size = segment_index::file_head_size;
constexpr std::size_t entry_size = 40;

}  // namespace

std::string segment_index::encode(std::uint64_t salt) const {
  weir_check(complete_, "an index of which entries were forgotten, from {} on", first_index_);
  std::string out(header_size + entries_.size() * entry_size, '\0');
  char* b = out.data();
  magic.copy(b, magic.size());
  store_le(b + 8, version);
  store_le(b + 16, salt);
  store_le(b + 24, first_index_.value());
  store_le(b + 32, first_offset_.value());
  store_le(b + 40, totals_.end.value());
  store_le(b + 48, totals_.next_index.value());
  store_le(b + 56, totals_.next_offset.value());
  store_le(b + 64, totals_.max_timestamp.value());
  store_le(b + 72, totals_.max_timestamp_offset.value());
  store_le(b + 80, totals_.max_append_time.value());
  store_le(b + 88, totals_.first_append_time.value());
  store_le(b + 96, spacing_);
  store_le(b + 104, static_cast<std::uint64_t>(entries_.size()));
  char* to = b + header_size;
  for (const auto& e : entries_) {
    store_le(to, e.index_delta);
    store_le(to + 4, e.at);
    store_le(to + 8, e.base_offset.value());
    store_le(to + 16, e.max_timestamp.value());
    store_le(to + 24, e.max_timestamp_offset.value());
    store_le(to + 32, e.max_append_time.value());
    to += entry_size;
  }
  store_le(b + 112, crc32c(std::string_view(out).substr(header_size)));
  store_le(b + 12, crc32c(std::string_view(out).substr(16, header_size - 16)));
  return out;
}

std::expected<segment_index, log_error> segment_index::decode_head(std::string_view file,
                                                                   std::uint64_t salt,
                                                                   log_index first_index,
                                                                   std::uint64_t log_size) {
  if (file.size() < header_size) return std::unexpected(log_error::cut_off);
  const char* b = file.data();
  if (!file.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  const auto file_version = load_le<std::uint32_t>(b + 8);
  if (file_version > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(b + 12) != crc32c(file.substr(16, header_size - 16))) {
    return std::unexpected(log_error::bad_checksum);
  }
  segment_index out(log_index(load_le<std::uint64_t>(b + 24)),
                    offset(load_le<std::int64_t>(b + 32)));
  auto& t = out.totals_;
  t.end = position(load_le<std::uint64_t>(b + 40));
  t.next_index = log_index(load_le<std::uint64_t>(b + 48));
  t.next_offset = offset(load_le<std::int64_t>(b + 56));
  t.max_timestamp = timestamp(load_le<std::int64_t>(b + 64));
  t.max_timestamp_offset = offset(load_le<std::int64_t>(b + 72));
  t.max_append_time = timestamp(load_le<std::int64_t>(b + 80));
  t.first_append_time = timestamp(load_le<std::int64_t>(b + 88));
  out.spacing_ = load_le<std::uint64_t>(b + 96);
  const auto count = load_le<std::uint64_t>(b + 104);
  if (file_version != version || load_le<std::uint64_t>(b + 16) != salt ||
      out.first_index_ != first_index || out.first_offset_.value() < 0 ||
      t.end.value() < segment_header_size || t.end.value() > log_size ||
      t.end.value() > segment_size_max || t.next_index < first_index ||
      t.next_offset < out.first_offset_ || out.spacing_ < spacing_min ||
      out.spacing_ > segment_size_max || count > entries_max ||
      load_le<std::uint32_t>(b + 116) != 0) {
    return std::unexpected(log_error::bad_field);
  }
  out.complete_ = count == 0;
  return out;
}

std::expected<segment_index, log_error> segment_index::decode(std::string_view file,
                                                              std::uint64_t salt,
                                                              log_index first_index,
                                                              std::uint64_t log_size) {
  auto head = decode_head(file, salt, first_index, log_size);
  if (!head) return head;
  auto& out = *head;
  const auto& t = out.totals_;
  const char* b = file.data();
  const auto count = load_le<std::uint64_t>(b + 104);
  if (file.size() != header_size + count * entry_size) return std::unexpected(log_error::cut_off);
  if (load_le<std::uint32_t>(b + 112) != crc32c(file.substr(header_size)))
    return std::unexpected(log_error::bad_checksum);
  out.entries_.reserve(count);
  packed_entry before{
      0, segment_header_size - 1, out.first_offset_, no_timestamp, no_offset, no_timestamp};
  const packed_entry end{static_cast<std::uint32_t>(t.next_index - first_index),
                         static_cast<std::uint32_t>(t.end.value()),
                         t.next_offset,
                         t.max_timestamp,
                         t.max_timestamp_offset,
                         t.max_append_time};
  const auto follows = [](const packed_entry& a, const packed_entry& b) {
    return a.index_delta <= b.index_delta && a.at < b.at && a.base_offset <= b.base_offset &&
           a.max_timestamp <= b.max_timestamp && a.max_append_time <= b.max_append_time;
  };
  for (const char* from = b + header_size; out.entries_.size() < count; from += entry_size) {
    const packed_entry e{load_le<std::uint32_t>(from),
                         load_le<std::uint32_t>(from + 4),
                         offset(load_le<std::int64_t>(from + 8)),
                         timestamp(load_le<std::int64_t>(from + 16)),
                         offset(load_le<std::int64_t>(from + 24)),
                         timestamp(load_le<std::int64_t>(from + 32))};
    if (!follows(before, e) || !follows(e, end)) return std::unexpected(log_error::bad_field);
    out.entries_.push_back(e);
    before = e;
  }
  out.complete_ = true;
  return head;
}

}  // namespace weir::log
