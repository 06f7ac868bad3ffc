#include "core/log/scan.h"

#include <catch2/catch_all.hpp>
#include <random>

#include "core/log/segment_build_test.h"

namespace weir::log {
namespace {

using test::built_segment;

struct scanned {
  scan_result result;
  std::vector<scanned_frame> frames;
  std::uint64_t bytes_read = 0;
};

// Feeds windows of the sizes that `window` gives.
template <typename Window>
scanned run(const scan_start& start, std::string_view file, Window window) {
  scanner scan(start);
  scanned out;
  while (!scan.done()) {
    const auto at = scan.wanted();
    const auto size = std::min<std::uint64_t>(window(), start.end - at);
    // A copy of its own, so that the sanitizer sees any use of an older window.
    const std::string bytes(file.substr(at.value(), size));
    out.bytes_read += size;
    scan.feed(at, bytes);
    while (auto frame = scan.next()) {
      out.frames.push_back(*frame);
      out.frames.back().body_start = {};
    }
  }
  out.result = scan.result();
  return out;
}
scanned run(const scan_start& start, std::string_view file) {
  return run(start, file, [] { return std::uint64_t{1} << 20; });
}

scan_start start_of(const built_segment& s) {
  return {.salt = s.salt,
          .end = position(s.bytes.size()),
          .next_index = s.first_index,
          .next_offset = s.first_offset};
}

TEST_CASE("a whole segment gives its frames, whatever the windows") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    const auto s = test::random_segment(random, 1 + random() % 30);
    for (const std::uint64_t size : {1, 7, 55, 56, 57, 4096, 1 << 20}) {
      const auto out = run(start_of(s), s.bytes, [&] { return size; });
      REQUIRE(out.result.tail == tail_state::clean);
      REQUIRE(out.frames.size() == s.frames.size());
      for (std::size_t i = 0; i < s.frames.size(); ++i) {
        REQUIRE(out.frames[i].head == s.frames[i].head);
        REQUIRE(out.frames[i].at == s.frames[i].at);
      }
      CHECK(out.bytes_read == s.bytes.size() - segment_header_size);
      CHECK(out.result.next_index == s.next_index);
      CHECK(out.result.next_offset == s.next_offset);
      CHECK(out.result.last_vote == s.last_vote);
    }
  }
}

TEST_CASE("a hole is one where a frame says so, as long in offsets as in entries") {
  const auto scan_with = [](bool says, std::uint64_t entries, std::int64_t offsets) {
    test::segment_builder b(5);
    b.term_start();
    b.batch(2, 30);
    b.hole(entries, offsets);
    b.after_hole = says;
    b.batch(1, 30);
    b.batch(1, 30);
    const auto s = b.segment();
    return run(start_of(s), s.bytes).result;
  };
  CHECK(scan_with(true, 4, 4).tail == tail_state::clean);
  CHECK(scan_with(true, 4, 9).tail == tail_state::clean);
  for (const auto& [says, entries, offsets] : std::vector<std::tuple<bool, int, int>>{
           {false, 4, 9}, {true, 4, 3}, {true, 0, 3}, {true, 4, 0}}) {
    const auto found = scan_with(says, static_cast<std::uint64_t>(entries), offsets);
    CHECK(found.tail == tail_state::corrupt);
    CHECK(found.reason == log_error::bad_continuation);
  }
}

TEST_CASE("zeros after the frames are clean, stale bytes a torn tail") {
  std::mt19937_64 random(2);
  auto s = test::random_segment(random, 5);
  const auto end = position(s.bytes.size());
  for (const std::size_t zeros : {1, 55, 56, 57, 10000}) {
    auto t = s;
    t.bytes.append(zeros, '\0');
    const auto out = run(start_of(t), t.bytes);
    CHECK(out.result.tail == tail_state::clean);
    CHECK(!out.result.reason);
    CHECK(out.result.valid_through == end);
    t.bytes.back() = 'x';
    const auto torn = run(start_of(t), t.bytes);
    CHECK(torn.result.tail == tail_state::torn);
    CHECK(torn.result.valid_through == end);
  }
  // A recycled file: whole frames of the segment that it was before.
  auto old = test::random_segment(random, 200);
  auto recycled = s;
  if (old.bytes.size() > s.bytes.size()) recycled.bytes += old.bytes.substr(s.bytes.size());
  REQUIRE(recycled.bytes.size() > s.bytes.size());
  const auto out = run(start_of(recycled), recycled.bytes);
  CHECK(out.result.tail == tail_state::torn);
  CHECK(out.result.valid_through == end);
}

TEST_CASE("cut at every byte: torn, and valid through the last whole frame") {
  std::mt19937_64 random(3);
  const auto s = test::random_segment(random, 6);
  for (std::size_t cut = segment_header_size; cut <= s.bytes.size(); ++cut) {
    auto start = start_of(s);
    start.end = position(cut);
    for (const bool zeros : {false, true}) {
      auto file = s.bytes.substr(0, cut);
      if (zeros) file.append(3000, '\0');
      start.end = position(file.size());
      const auto out = run(start, file);
      // Bytes that were zero anyway are not missed.
      std::size_t same = cut;
      while (zeros && same < s.bytes.size() && s.bytes[same] == 0) ++same;
      const auto whole = s.whole_before(same);
      const bool at_boundary = s.end_of(whole) == position(same);
      INFO("cut " << cut << " zeros " << zeros);
      REQUIRE(out.frames.size() == whole);
      REQUIRE(out.result.valid_through == s.end_of(whole));
      REQUIRE(out.result.tail != tail_state::corrupt);
      if (at_boundary) REQUIRE(out.result.tail == tail_state::clean);
      if (!at_boundary && !zeros) REQUIRE(out.result.tail == tail_state::torn);
    }
    // The same below what was known to be durable is corruption.
    start.end = position(cut);
    start.flushed_through = position(s.bytes.size());
    const auto out = run(start, s.bytes.substr(0, cut));
    if (cut < s.bytes.size()) {
      REQUIRE(out.result.tail == tail_state::corrupt);
      REQUIRE(out.result.below_flushed);
      REQUIRE(out.result.reason.has_value());
    } else {
      REQUIRE(out.result.tail == tail_state::clean);
    }
  }
}

TEST_CASE("a flipped bit at every byte: corrupt if frames follow, torn in the last") {
  std::mt19937_64 random(4);
  const auto s = test::random_segment(random, 6);
  for (std::size_t at = segment_header_size; at < s.bytes.size(); ++at) {
    auto file = s.bytes;
    file[at] = static_cast<char>(file[at] ^ (1 << (random() % 8)));
    const auto out = run(start_of(s), file, [&] { return 1 + random() % 400; });
    const auto hit = s.whole_before(at);  // the frame that holds this byte
    INFO("flip " << at << " in frame " << hit);
    REQUIRE(out.frames.size() == hit);
    REQUIRE(out.result.valid_through == s.frames[hit].at);
    // A vote leaves no trace in the indexes; the frame after it follows all the same.
    if (hit + 1 < s.frames.size()) {
      REQUIRE(out.result.tail == tail_state::corrupt);
      REQUIRE(out.result.next_good == s.frames[hit + 1].at);
    } else {
      REQUIRE(out.result.tail == tail_state::torn);
    }
    REQUIRE(out.bytes_read < 3 * s.bytes.size());
  }
}

TEST_CASE("what a later frame says of flushes decides between torn and corrupt") {
  test::segment_builder b(77);
  b.batch(1, 300);
  b.batch(1, 500);
  const auto damaged = b.segment().frames[1].at;
  const auto file = [&](std::uint32_t unflushed) {
    auto copy = b;
    copy.unflushed_before = unflushed;
    copy.batch(2, 100);
    auto s = copy.segment();
    s.bytes[damaged.value() + 100] ^= 1;
    return s;
  };
  const auto size = static_cast<std::uint32_t>(b.segment().frames[1].head.size());
  // Written while the damaged frame was still on its way: an ordinary reordered write.
  const auto in_flight = file(size);
  CHECK(run(start_of(in_flight), in_flight.bytes).result.tail == tail_state::torn);
  // Written after the damaged frame had been flushed.
  for (const std::uint32_t unflushed : {std::uint32_t{0}, size - 1}) {
    const auto durable = file(unflushed);
    const auto out = run(start_of(durable), durable.bytes);
    CHECK(out.result.tail == tail_state::corrupt);
    CHECK(out.result.next_good == durable.frames[2].at);
  }
}

TEST_CASE("indexes, offsets and terms must continue") {
  test::segment_builder good(5);
  good.batch(3, 50);
  const auto damaged = [&](auto change) {
    auto b = good;
    change(b);
    b.batch(2, 50);
    const auto s = b.segment();
    return run(start_of(s), s.bytes);
  };
  CHECK(damaged([](auto&) {}).result.tail == tail_state::clean);
  for (const auto& out : {damaged([](auto& b) { b.next_index += 1; }),
                          damaged([](auto& b) { b.next_offset += 1; })}) {
    CHECK(out.result.tail == tail_state::corrupt);
    CHECK(out.result.reason == log_error::bad_continuation);
    CHECK(out.frames.size() == 1);
  }
  // Left over from a truncated tail: older than what stands before.
  for (const auto& out : {damaged([](auto& b) { b.now_term = weir::term(b.now_term.value() - 1); }),
                          damaged([](auto& b) { b.next_index = log_index(1); })}) {
    CHECK(out.result.tail == tail_state::torn);
    CHECK(out.frames.size() == 1);
  }
}

TEST_CASE("gaps are allowed where compaction left them") {
  test::segment_builder b(6);
  b.batch(3, 50);
  b.next_index += 4;
  b.next_offset += 9;
  b.batch(2, 50);
  const auto s = b.segment();
  auto start = start_of(s);
  start.allow_gaps = true;
  const auto out = run(start, s.bytes);
  CHECK(out.result.tail == tail_state::clean);
  CHECK(out.frames.size() == 2);
}

TEST_CASE("an unknown kind is corruption, not skipped") {
  test::segment_builder b(8);
  b.batch(1, 10);
  b.raw_kind(9);
  b.batch(1, 10);
  const auto s = b.segment();
  const auto out = run(start_of(s), s.bytes);
  CHECK(out.result.tail == tail_state::corrupt);
  CHECK(out.result.reason == log_error::unknown_kind);
  CHECK(out.frames.size() == 1);
}

TEST_CASE("a frame copied elsewhere, or into another file, is not valid") {
  test::segment_builder b(9);
  b.batch(1, 200);
  auto s = b.segment();
  const auto frame = s.bytes.substr(segment_header_size);
  s.bytes += frame;  // with an index that is too low, and in the wrong place
  s.bytes += "x";
  const auto out = run(start_of(s), s.bytes);
  CHECK(out.result.tail == tail_state::torn);
  CHECK(out.frames.size() == 1);
  auto other = start_of(s);
  other.salt += 1;
  CHECK(run(other, s.bytes).frames.empty());
}

TEST_CASE("reads that trust the cache touch heads only") {
  test::segment_builder b(10);
  for (int i = 0; i < 20; ++i) b.batch(1, 5000);
  const auto s = b.segment();
  auto start = start_of(s);
  start.check_bodies = false;
  const auto out = run(start, s.bytes, [] { return std::uint64_t{128}; });
  CHECK(out.result.tail == tail_state::clean);
  CHECK(out.frames.size() == 20);
  CHECK(out.bytes_read < 20 * 300);
}

TEST_CASE("body starts give a batch's facts and a vote") {
  test::segment_builder b(11);
  b.max_timestamp = timestamp(4711);
  b.batch(3, 10);
  b.vote(vote{weir::term(9), node_id(2)});
  const auto s = b.segment();
  scanner scan(start_of(s));
  scan.feed(scan.wanted(), std::string_view(s.bytes).substr(segment_header_size));
  auto frame = scan.next();
  REQUIRE(frame);
  const auto facts = read_batch_facts(frame->body_start);
  REQUIRE(facts);
  CHECK(facts->max_timestamp == timestamp(4711));
  CHECK(facts->last_offset_delta == 2);
  CHECK(facts->base_offset == frame->head.base_offset);
  frame = scan.next();
  REQUIRE(frame);
  CHECK(decode_vote(frame->body_start) == vote{weir::term(9), node_id(2)});
  CHECK(!scan.next());
  CHECK(scan.done());
}

}  // namespace
}  // namespace weir::log
