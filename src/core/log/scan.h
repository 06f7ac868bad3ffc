#pragma once
// Walks the frames of one segment, for recovery and for reads, window by window. At the first bad
// frame it goes back and judges the rest of the file: a torn tail is normal after power loss,
// damage with good frames after it is not and is never cut away.
//
//   scanner scan(start);
//   while (!scan.done()) {
//     scan.feed(scan.wanted(), /* bytes of the file from wanted() on, at least one */);
//     while (auto frame = scan.next()) use(*frame);
//   }
//   scan.result();
//
// Takes constant memory. Reads every byte once, those from the first bad frame on at most
// `candidates_max` + 2 times (in practice: twice).
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/ids.h"
#include "core/log/frame.h"
#include "core/log/segment_header.h"

namespace weir::log {

struct scan_start {
  std::uint64_t salt = 0;               // of the segment
  position at = first_frame_position;   // of a frame's first byte
  position end{};                       // the file's size, or where a read stops
  position flushed_through{};           // damage below is corruption, whatever follows
  std::optional<log_index> next_index;  // what the first frame must have; nothing: any
  std::optional<offset> next_offset;    // the same
  weir::term last_term{};               // the first frame's is not smaller
  bool check_bodies = true;             // false: reads that trust the cache skip the bodies' bytes
  bool allow_gaps = false;              // compacted segment: indexes and offsets may jump forward
};

struct scanned_frame {
  position at{};
  frame_head head;
  // The body's first bytes, at most body_start_size, valid until the next call.
  std::string_view body_start;
  // All of a body that is no longer than its start; nothing of a longer one.
  [[nodiscard]] fragments small_body() const {
    return body_start.size() == head.body_size ? fragments::copy(body_start) : fragments();
  }
};

enum class tail_state : std::uint8_t {
  clean,    // frames to the end, or nothing but zeros after them
  torn,     // after the frames only bytes that were never confirmed: cut at valid_through
  corrupt,  // a damaged frame that was durable: report, never cut
};

struct scan_result {
  tail_state tail = tail_state::clean;
  position valid_through{};           // end of the last good frame (or scan_start.at)
  std::optional<log_error> reason;    // why the frame at valid_through is bad; not when clean
  std::optional<position> next_good;  // corrupt: a good frame at or after valid_through, if any is
  bool below_flushed = false;         // corrupt: valid_through < flushed_through
  log_index next_index{};             // after the last good frame; 0 if none and none was given
  offset next_offset{};               // the same
  weir::term last_term{};             // of the last entry, or scan_start's
  std::optional<vote> last_vote;      // of the last good vote frame
};

class scanner {
 public:
  // Good heads with a bad body that the judging of a tail looks into before it says corrupt.
  static constexpr int candidates_max = 64;

  explicit scanner(const scan_start& start);

  // Where the next window must begin. It moves backwards once when a bad frame is met, and forwards
  // over bodies that are not checked.
  [[nodiscard]] position wanted() const { return at_; }
  [[nodiscard]] bool done() const { return mode_ == mode::done; }
  // Bytes of the file from `at` == wanted() on, not beyond scan_start.end; they stay in place until
  // next() has returned nothing. Any size above 0.
  void feed(position at, std::string_view window);
  // The next good frame, or nothing: then feed again, or done().
  std::optional<scanned_frame> next();
  // Once done().
  [[nodiscard]] const scan_result& result() const;

 private:
  enum class mode : std::uint8_t { head, body, search, done };

  void take_head();
  void take_body();
  void search();
  // Whether a frame that could be a good one begins in `bytes`, which lie at `from`: then goes
  // there.
  bool search_in(std::string_view bytes, position from);
  [[nodiscard]] bool could_be_frame(std::string_view bytes, position at) const;
  std::optional<scanned_frame> accept();
  void judge_candidate();
  void refuse_candidate();
  [[nodiscard]] bool follows(const frame_head& head) const;
  [[nodiscard]] bool is_behind(const frame_head& head) const;
  // By index and term it may have been written after the last good frame; else it is a leftover of
  // a truncated tail.
  [[nodiscard]] bool is_later(const frame_head& head) const;
  void begin_frame();
  void bad(log_error reason);
  void seek(position to);
  void consume(std::size_t count);
  void finish(tail_state tail, std::optional<position> next_good = {});

  scan_start start_;
  scan_result result_;
  mode mode_ = mode::head;
  bool judging_ = false;      // past the first bad frame
  bool index_known_ = false;  // result_.next_index means something
  bool offset_known_ = false;
  bool only_zeros_ = true;  // of the bytes searched
  int candidates_ = 0;
  position at_{};         // first byte not yet consumed
  position frame_at_{};   // of the frame being read
  position searched_{};   // search: first position not yet tried as a frame's start
  std::string_view fed_;  // the window fed last, which begins at fed_at_
  position fed_at_{};
  std::string_view window_;  // the part of it from at_ on
  std::array<char, frame_head_size> head_bytes_{};
  std::size_t head_seen_ = 0;  // head: bytes gathered; search: bytes carried over
  frame_head head_;
  body_check body_{frame_head{}};
  std::uint32_t body_left_ = 0;  // of the body, to be read: all of it, or only its start
};

}  // namespace weir::log
