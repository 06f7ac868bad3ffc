#pragma once
// Segments for this room's tests, built frame by frame.
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/base/crc32c.h"
#include "core/base/endian.h"
#include "core/log/frame.h"
#include "core/log/segment_header.h"

namespace weir::log::test {

struct built_frame {
  position at;
  frame_head head;
  timestamp max_timestamp = no_timestamp;
};

struct built_segment {
  std::uint64_t salt = 0;
  log_index first_index, next_index;
  offset first_offset, next_offset;
  std::optional<vote> last_vote;
  std::string bytes;
  std::vector<built_frame> frames;

  // How many frames end at or before byte `cut`.
  [[nodiscard]] std::size_t whole_before(std::size_t cut) const {
    std::size_t n = 0;
    while (n < frames.size() && end_of(n + 1).value() <= cut) ++n;
    return n;
  }
  [[nodiscard]] position end_of(std::size_t count) const {
    return count == 0 ? first_frame_position : frames[count - 1].at + frames[count - 1].head.size();
  }
};

class segment_builder {
 public:
  explicit segment_builder(std::uint64_t salt, log_index first = log_index(7),
                           offset first_offset = offset(100))
      : next_index(first), next_offset(first_offset) {
    built_.salt = salt;
    built_.first_index = first;
    built_.first_offset = first_offset;
    built_.bytes.resize(segment_header_size);
    std::array<char, segment_header_size> block;
    encode(segment_header{.salt = salt, .first_index = first, .first_offset = first_offset},
           std::span(block));
    built_.bytes.assign(block.data(), block.size());
  }

  // A record batch of `records` records in `size` bytes after its header (which need not parse).
  void batch(std::uint32_t records, std::size_t size) {
    std::string body(batch_header_size + size, '\x5a');
    for (std::size_t i = batch_header_size; i < body.size(); ++i) {
      body[i] = static_cast<char>(i * 131 + next_index.value());
    }
    store_be(body.data(), next_offset.value());
    store_be(body.data() + 8, static_cast<std::uint32_t>(body.size() - 12));
    store_be(body.data() + 12, static_cast<std::uint32_t>(now_term.value()));
    body[16] = 2;
    store_be(body.data() + 21, std::int16_t{0});
    store_be(body.data() + 23, static_cast<std::int32_t>(records - 1));
    store_be(body.data() + 27, max_timestamp.value());
    store_be(body.data() + 35, max_timestamp.value());
    store_be(body.data() + 43, std::int64_t{-1});
    store_be(body.data() + 51, std::int16_t{-1});
    store_be(body.data() + 53, std::int32_t{-1});
    store_be(body.data() + 57, records);
    const auto crc = crc32c(std::string_view(body).substr(21));
    store_be(body.data() + 17, crc);
    add({.kind = frame_kind::batch, .body_crc = crc, .offset_count = records}, body);
  }
  // Compaction took so many entries with so many offsets in all, where this came from.
  void hole(std::uint64_t entries, std::int64_t offsets) {
    next_index += entries;
    next_offset += offsets;
    after_hole = true;
  }
  bool after_hole = false;  // of the next frame
  void term_start() { add({.kind = frame_kind::term_start}, ""); }
  void command(std::string_view body) {
    add({.kind = frame_kind::command, .body_crc = crc32c(body), .offset_count = 1}, body);
  }
  void vote(const log::vote& v) {
    const auto body = encode(v);
    const std::string_view view(body.data(), body.size());
    const auto keep = now_term;
    now_term = v.term;
    add({.kind = frame_kind::vote, .body_crc = crc32c(view)}, view);
    now_term = keep;
    built_.last_vote = v;
  }
  // A frame with a right checksum and a kind that encode() would not write.
  void raw_kind(char kind) {
    term_start();
    auto& at = built_.frames.back().at;
    char* head = built_.bytes.data() + at.value();
    head[12] = kind;
    std::array<char, 16> bound;
    store_le(bound.data(), built_.salt);
    store_le(bound.data() + 8, at.value());
    store_le(head, crc32c({head + 4, frame_head_size - 4}, crc32c({bound.data(), bound.size()})));
  }

  [[nodiscard]] built_segment segment() const {
    auto s = built_;
    s.next_index = next_index;
    s.next_offset = next_offset;
    return s;
  }

  log_index next_index;
  offset next_offset;
  weir::term now_term{3};
  timestamp max_timestamp{1000};
  timestamp now{5000};
  std::uint32_t unflushed_before = 0;

 private:
  void add(frame_head head, std::string_view body) {
    head.body_size = static_cast<std::uint32_t>(body.size());
    head.term = now_term;
    head.index = next_index;
    head.base_offset = next_offset;
    head.append_time = now;
    head.unflushed_before = unflushed_before;
    head.after_hole = std::exchange(after_hole, false);
    const position at(built_.bytes.size());
    const auto bytes = encode(head, built_.salt, at);
    built_.bytes.append(bytes.data(), bytes.size());
    built_.bytes.append(body);
    built_.frames.push_back(
        {at, head, head.kind == frame_kind::batch ? max_timestamp : no_timestamp});
    next_index = head.next_index();
    next_offset = head.next_offset();
  }

  built_segment built_;
};

inline built_segment random_segment(std::mt19937_64& random, std::size_t frames) {
  segment_builder b(random(), log_index(1 + random() % 1000),
                    offset(static_cast<std::int64_t>(random() % 1000)));
  for (std::size_t i = 0; i < frames; ++i) {
    b.max_timestamp = timestamp(static_cast<std::int64_t>(random() % 100'000));
    b.now += static_cast<std::int64_t>(random() % 50);
    switch (random() % 8) {
      case 0:
        b.now_term += 1;
        b.term_start();
        break;
      case 1:
        b.now_term += 1;
        b.vote(vote{b.now_term, node_id(static_cast<std::int32_t>(random() % 3))});
        break;
      case 2:
        b.command(std::string(random() % 40, 'c'));
        break;
      default:
        b.batch(1 + static_cast<std::uint32_t>(random() % 9), random() % 300);
    }
  }
  return b.segment();
}

}  // namespace weir::log::test
