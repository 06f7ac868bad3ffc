#include "core/log/segment_index.h"

#include <catch2/catch_all.hpp>
#include <random>

#include "core/log/segment_build_test.h"

namespace weir::log {
namespace {

// Frames without bytes: an index needs heads alone.
struct added {
  position at;
  frame_head head;
  timestamp max_timestamp;
};
std::vector<added> random_frames(std::mt19937_64& random, std::size_t count) {
  std::vector<added> out;
  position at = first_frame_position;
  log_index index(50);
  offset next(1000);
  for (std::size_t i = 0; i < count; ++i) {
    const bool batch = random() % 10 != 0;
    const frame_head head{.kind = batch ? frame_kind::batch : frame_kind::term_start,
                          .body_size = batch ? 61 + static_cast<std::uint32_t>(random() % 9000) : 0,
                          .index = index,
                          .base_offset = next,
                          .offset_count = batch ? 1 + static_cast<std::uint32_t>(random() % 20) : 0,
                          .append_time = timestamp(static_cast<std::int64_t>(5000 + i))};
    out.push_back(
        {at, head,
         batch ? timestamp(static_cast<std::int64_t>(i * 10 + random() % 500)) : no_timestamp});
    at += head.size();
    index = head.next_index();
    next = head.next_offset();
  }
  return out;
}
segment_index index_of(const std::vector<added>& frames, std::size_t count) {
  segment_index index(log_index(50), offset(1000));
  for (std::size_t i = 0; i < count; ++i) {
    index.add(frames[i].at, frames[i].head, frames[i].max_timestamp);
  }
  return index;
}

TEST_CASE("every index, offset and time is found near by") {
  std::mt19937_64 random(21);
  const auto frames = random_frames(random, 3000);
  const auto index = index_of(frames, frames.size());
  CHECK(index.entries() > 100);
  timestamp latest = no_timestamp;
  for (const auto& f : frames) {
    const auto by_index = index.find(f.head.index);
    REQUIRE(by_index.index <= f.head.index);
    REQUIRE(f.at - by_index.at < 3 * segment_index::spacing_min);
    const auto by_offset = index.find(f.head.next_offset() - 1);
    REQUIRE(by_offset.at <= f.at);
    if (f.head.offset_count > 0) REQUIRE(f.at - by_offset.at < 3 * segment_index::spacing_min);
    if (f.max_timestamp > latest) {
      // The first frame that is as late.
      const auto by_time = index.find(f.max_timestamp);
      REQUIRE(by_time);
      REQUIRE(by_time->at <= f.at);
      REQUIRE(f.at - by_time->at < 3 * segment_index::spacing_min);
      latest = f.max_timestamp;
    }
  }
  CHECK(!index.find(latest + 1));
  CHECK(index.totals().max_timestamp == latest);
  CHECK(index.find(log_index(1)) == index.start());
}

TEST_CASE("truncated and filled up again it knows what a fresh one knows") {
  std::mt19937_64 random(22);
  const auto frames = random_frames(random, 800);
  for (int round = 0; round < 100; ++round) {
    auto index = index_of(frames, frames.size());
    const std::size_t keep = random() % frames.size();
    const auto from = index.truncate(frames[keep].head.index);
    REQUIRE(from.at == index.totals().end);
    for (const auto& f : frames) {
      if (f.at >= from.at && f.head.index < frames[keep].head.index) {
        index.add(f.at, f.head, f.max_timestamp);
      }
    }
    const auto fresh = index_of(frames, keep);
    REQUIRE(index.totals() == fresh.totals());
    REQUIRE(index.encode(1) == fresh.encode(1));
  }
}

TEST_CASE("without its entries it knows the same totals, and the start for every place") {
  std::mt19937_64 random(24);
  const auto frames = random_frames(random, 500);
  const auto whole = index_of(frames, frames.size());
  const auto file = whole.encode(3);
  auto index = whole;
  index.forget_entries();
  const auto head = segment_index::decode_head(file.substr(0, segment_index::file_head_size), 3,
                                               log_index(50), whole.totals().end.value());
  REQUIRE(head);
  for (const auto* i : {std::as_const(head).operator->(), &std::as_const(index)}) {
    CHECK(!i->complete());
    CHECK(i->totals() == whole.totals());
    CHECK(i->find(frames[400].head.index) == whole.start());
    CHECK(i->find(whole.totals().max_timestamp) == whole.start());
    CHECK(!i->find(whole.totals().max_timestamp + 1));
    CHECK(i->memory() < 256);
  }
  for (const auto kept : {400U, 500U}) {
    auto cut = *head;
    const auto from = kept == 500 ? cut.totals().next_index : frames[kept].head.index;
    CHECK(cut.truncate(from) == whole.start());
    for (const auto& f : frames) {
      if (f.head.index < from) cut.add(f.at, f.head, f.max_timestamp);
    }
    CHECK(cut.encode(1) == index_of(frames, kept).encode(1));
  }
}

TEST_CASE("memory is bounded, whatever the segment's size") {
  segment_index index(log_index(1), offset(0));
  position at = first_frame_position;
  for (std::uint64_t i = 1; at.value() < (3ULL << 30); ++i) {
    const frame_head head{.body_size = 20'000,
                          .index = log_index(i),
                          .base_offset = offset(static_cast<std::int64_t>(i)),
                          .offset_count = 1};
    index.add(at, head, timestamp(static_cast<std::int64_t>(i)));
    at += head.size();
    if (i % 1000 == 0) REQUIRE(head.index.value() - index.find(head.index).index.value() < 200);
  }
  CHECK(index.entries() <= segment_index::entries_max);
  CHECK(index.memory() <= (192 << 10));
}

TEST_CASE("the file gives the same index and refuses any change") {
  std::mt19937_64 random(23);
  const auto frames = random_frames(random, 60);
  const auto index = index_of(frames, frames.size());
  const auto size = index.totals().end.value();
  const auto file = index.encode(99);
  const auto back = segment_index::decode(file, 99, log_index(50), size);
  REQUIRE(back);
  CHECK(back->encode(99) == file);
  CHECK(back->totals() == index.totals());
  CHECK(!segment_index::decode(file, 98, log_index(50), size));
  CHECK(!segment_index::decode(file, 99, log_index(51), size));
  CHECK(!segment_index::decode(file, 99, log_index(50), size - 1));
  CHECK(segment_index::decode(file, 99, log_index(50), size + 1));
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    REQUIRE(!segment_index::decode(changed, 99, log_index(50), size));
    REQUIRE(!segment_index::decode(file.substr(0, i), 99, log_index(50), size));
  }
}

}  // namespace
}  // namespace weir::log
