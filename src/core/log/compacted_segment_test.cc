// Segments with holes: their header, their index, and a scan that finds what is missing.
#include <catch2/catch_all.hpp>

#include "core/base/crc32c.h"
#include "core/log/cleaner_checkpoint.h"
#include "core/log/scan.h"
#include "core/log/segment_index.h"

namespace weir::log {
namespace {

constexpr std::uint64_t salt = 77;

frame_head command(std::uint64_t index, std::int64_t at) {
  return {.kind = frame_kind::command,
          .term = term(2),
          .index = log_index(index),
          .base_offset = offset(at),
          .offset_count = 1,
          .append_time = timestamp(at)};
}

segment_header some_header() {
  return {.salt = salt,
          .first_index = log_index(5),
          .first_offset = offset(50),
          .term = term(1),
          .compacted = compacted_span{.next_index = log_index(100),
                                      .next_offset = offset(145),
                                      .end = position(8000),
                                      .last_term = term(3)}};
}

std::string block_of(const segment_header& h) {
  std::array<char, segment_header_size> block;
  encode(h, block);
  return {block.data(), block.size()};
}

TEST_CASE("a compacted segment's header says what it stands for") {
  const auto h = some_header();
  CHECK(decode_segment_header(block_of(h)) == h);
  auto plain = h;
  plain.compacted.reset();
  CHECK(decode_segment_header(block_of(plain)) == plain);
}

TEST_CASE("what a log has forgotten stands in its segments, compacted or not") {
  for (const bool compacted : {true, false}) {
    auto h = some_header();
    h.forgotten = log_index(17);
    if (!compacted) h.compacted.reset();
    CHECK(decode_segment_header(block_of(h)) == h);
  }
  // Of a file whose writer did not say it everything may be forgotten.
  auto h = some_header();
  auto block = block_of(h);
  block[8] = 2;
  std::fill_n(block.begin() + 12, 4, '\0');
  const auto crc = crc32c(block);
  std::memcpy(block.data() + 12, &crc, 4);
  h.forgotten = h.compacted->next_index - 1;
  CHECK(decode_segment_header(block) == h);
}

TEST_CASE("a span that makes no sense is refused") {
  const auto refused = [](auto change) {
    auto h = some_header();
    change(*h.compacted);
    return decode_segment_header(block_of(h)) == std::unexpected(log_error::bad_field);
  };
  CHECK(refused([](auto& s) { s.next_index = log_index(5); }));
  CHECK(refused([](auto& s) { s.next_offset = offset(49); }));
  CHECK(refused([](auto& s) { s.end = position(4095); }));
  CHECK(refused([](auto& s) { s.last_term = term(0); }));
  // Bytes without a meaning are zero in both versions.
  for (const std::size_t at : {88, 128}) {
    auto h = some_header();
    if (at == 88) h.compacted.reset();
    auto block = block_of(h);
    block[at] = 1;
    std::fill_n(block.begin() + 12, 4, '\0');
    const auto crc = crc32c(block);
    std::memcpy(block.data() + 12, &crc, 4);
    CHECK(decode_segment_header(block) == std::unexpected(log_error::bad_field));
  }
}

TEST_CASE("an index with holes gives the place before them, and covers the end") {
  segment_index index(log_index(5), offset(50));
  auto at = first_frame_position;
  for (std::uint64_t i = 0; i < 40; ++i) {
    auto head = command(10 + i * 2, static_cast<std::int64_t>(60 + i * 2));
    head.body_size = 2'000;
    index.add(at, head, no_timestamp);
    at += head.size();
  }
  index.cover(log_index(100), offset(145));
  CHECK(index.totals().next_index == log_index(100));
  CHECK(index.totals().next_offset == offset(145));
  CHECK(index.totals().end == at);
  CHECK(index.find(offset(144)).base_offset <= offset(138));
  CHECK(index.find(offset(144)) == index.find(offset(138)));
  CHECK(index.find(log_index(6)) == index.start());
  const auto again =
      segment_index::decode(index.encode(salt), salt, log_index(5), at.value() + 100);
  REQUIRE(again);
  CHECK(again->totals() == index.totals());
  CHECK(again->find(log_index(71)) == index.find(log_index(71)));
}

TEST_CASE("a frame that a compacted segment lacks at its end is corruption") {
  std::string file(segment_header_size, '\0');
  position last;
  for (const auto& head : {command(10, 60), command(20, 75), command(21, 76)}) {
    last = position(file.size());
    const auto encoded = encode(head, salt, last);
    file.append(encoded.data(), encoded.size());
  }
  const auto scanned = [&](std::size_t size) {
    scanner scan({.salt = salt,
                  .end = position(size),
                  .flushed_through = position(file.size()),
                  .next_index = log_index(5),
                  .next_offset = offset(50),
                  .allow_gaps = true});
    scan.feed(scan.wanted(),
              std::string_view(file).substr(segment_header_size, size - segment_header_size));
    while (scan.next()) {
    }
    return scan.result();
  };
  const auto whole = scanned(file.size());
  CHECK(whole.tail == tail_state::clean);
  CHECK(whole.next_index == log_index(22));
  CHECK(whole.next_offset == offset(77));
  const auto cut = scanned(last.value());
  CHECK(cut.tail == tail_state::corrupt);
  CHECK(cut.below_flushed);
}

TEST_CASE("cleaner checkpoints") {
  const cleaner_checkpoint c{.first_dirty = offset(1'000), .written = timestamp(5)};
  const auto bytes = encode(c);
  const std::string file(bytes.data(), bytes.size());
  CHECK(decode_cleaner_checkpoint(file) == c);
  CHECK(decode_cleaner_checkpoint(file + std::string(100, 'x')) == c);
  CHECK(decode_cleaner_checkpoint(file.substr(1)) == std::unexpected(log_error::cut_off));
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    CHECK_FALSE(decode_cleaner_checkpoint(damaged));
  }
  const auto negative = encode(cleaner_checkpoint{.first_dirty = offset(-1)});
  CHECK(decode_cleaner_checkpoint({negative.data(), negative.size()}) ==
        std::unexpected(log_error::bad_field));
}

}  // namespace
}  // namespace weir::log
