#include "core/log/segment_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::string_view magic = "WEIRSEG\n";
constexpr std::uint32_t plain_version = 1;
constexpr std::uint32_t compacted_version = 2;   // not written any more
constexpr std::uint32_t forgetting_version = 3;  // compacted or not
constexpr std::uint32_t version = forgetting_version;
// Bytes with a meaning, by version; the rest of the block is zero.
constexpr std::array<std::size_t, 4> used = {0, 88, 120, 128};
constexpr std::size_t name_digits = 20;

// Of the block with its checksum field read as zero.
std::uint32_t block_crc(const char* block) {
  constexpr std::array<char, 4> zero{};
  std::uint32_t crc = crc32c({block, 12});
  crc = crc32c({zero.data(), zero.size()}, crc);
  return crc32c({block + 16, segment_header_size - 16}, crc);
}

std::optional<log_index> parse_name(std::string_view name, std::string_view ending) {
  if (name.size() != name_digits + ending.size() || !name.ends_with(ending)) return std::nullopt;
  std::uint64_t value = 0;
  const auto* end = name.data() + name_digits;
  const auto [stop, error] = std::from_chars(name.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return log_index(value);
}

}  // namespace

void encode(const segment_header& header, std::span<char, segment_header_size> to) {
  char* b = to.data();
  std::memset(b, 0, to.size());
  std::memcpy(b, magic.data(), magic.size());
  const bool plain = !header.compacted && header.forgotten == log_index{};
  store_le(b + 8, plain ? plain_version : forgetting_version);
  store_le(b + 16, header.salt);
  store_le(b + 24, header.first_index.value());
  store_le(b + 32, header.first_offset.value());
  store_le(b + 40, header.term.value());
  store_le(b + 48, header.last_vote.term.value());
  store_le(b + 56, header.last_vote.voted_for.value());
  store_le(b + 60, header.partition.value());
  store_be(b + 64, header.topic.high);  // an id's bytes stand in the order of Kafka's protocol
  store_be(b + 72, header.topic.low);
  store_le(b + 80, header.created.value());
  if (header.compacted) {
    store_le(b + 88, header.compacted->next_index.value());
    store_le(b + 96, header.compacted->next_offset.value());
    store_le(b + 104, header.compacted->end.value());
    store_le(b + 112, header.compacted->last_term.value());
  }
  store_le(b + 120, header.forgotten.value());
  store_le(b + 12, block_crc(b));
}

std::expected<segment_header, log_error> decode_segment_header(std::string_view block) {
  if (block.size() < segment_header_size) return std::unexpected(log_error::cut_off);
  const char* b = block.data();
  if (!block.starts_with(magic)) return std::unexpected(log_error::bad_magic);
  // Before the checksum: a later version may compute it otherwise.
  if (load_le<std::uint32_t>(b + 8) > version) return std::unexpected(log_error::newer_version);
  if (load_le<std::uint32_t>(b + 12) != block_crc(b)) {
    return std::unexpected(log_error::bad_checksum);
  }
  segment_header header{
      .salt = load_le<std::uint64_t>(b + 16),
      .first_index = log_index(load_le<std::uint64_t>(b + 24)),
      .first_offset = offset(load_le<std::int64_t>(b + 32)),
      .term = weir::term(load_le<std::uint64_t>(b + 40)),
      .last_vote = {.term = weir::term(load_le<std::uint64_t>(b + 48)),
                    .voted_for = node_id(load_le<std::int32_t>(b + 56))},
      .topic = {.high = load_be<std::uint64_t>(b + 64), .low = load_be<std::uint64_t>(b + 72)},
      .partition = partition_id(load_le<std::int32_t>(b + 60)),
      .created = timestamp(load_le<std::int64_t>(b + 80))};
  const auto file_version = load_le<std::uint32_t>(b + 8);
  if (file_version < plain_version) return std::unexpected(log_error::bad_field);
  const bool compacted = load_le<std::uint64_t>(b + 104) != 0;  // the end of its frames
  if (file_version == compacted_version || (file_version > compacted_version && compacted)) {
    const compacted_span span{.next_index = log_index(load_le<std::uint64_t>(b + 88)),
                              .next_offset = offset(load_le<std::int64_t>(b + 96)),
                              .end = position(load_le<std::uint64_t>(b + 104)),
                              .last_term = weir::term(load_le<std::uint64_t>(b + 112))};
    if (span.next_index <= header.first_index || span.next_offset < header.first_offset ||
        span.end < first_frame_position || span.last_term < header.term)
      return std::unexpected(log_error::bad_field);
    header.compacted = span;
    // How much went was not written down.
    if (file_version == compacted_version) header.forgotten = span.next_index - 1;
  }
  if (file_version == forgetting_version)
    header.forgotten = log_index(load_le<std::uint64_t>(b + 120));
  const auto rest = block.substr(used[file_version], segment_header_size - used[file_version]);
  const bool span_missing =
      !header.compacted && block.substr(88, 32).find_first_not_of('\0') != std::string_view::npos;
  if (span_missing || header.first_offset.value() < 0 || header.last_vote.voted_for.value() < -1 ||
      header.partition.value() < 0 || rest.find_first_not_of('\0') != std::string_view::npos) {
    return std::unexpected(log_error::bad_field);
  }
  return header;
}

std::string segment_file_name(log_index first) {
  return fmt::format("{:020}.log", first.value());
}
std::string index_file_name(log_index first) {
  return fmt::format("{:020}.idx", first.value());
}
std::string producers_file_name(log_index first) {
  return fmt::format("{:020}.producers", first.value());
}
std::optional<log_index> parse_segment_file_name(std::string_view name) {
  return parse_name(name, ".log");
}
std::optional<log_index> parse_index_file_name(std::string_view name) {
  return parse_name(name, ".idx");
}
std::optional<log_index> parse_producers_file_name(std::string_view name) {
  return parse_name(name, ".producers");
}

}  // namespace weir::log
