#include "core/log/scan.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"
#include "core/base/endian.h"

namespace weir::log {
namespace {

constexpr std::size_t carry_max = frame_head_size - 1;

bool all_zero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

scanner::scanner(const scan_start& start) : start_(start), at_(start.at), frame_at_(start.at) {
  weir_check(start.at <= start.end, "scan from {} to {}", start.at, start.end);
  result_.valid_through = start.at;
  result_.last_term = start.last_term;
  index_known_ = start.next_index.has_value();
  offset_known_ = start.next_offset.has_value();
  result_.next_index = start.next_index.value_or(log_index{});
  result_.next_offset = start.next_offset.value_or(offset{});
  begin_frame();
}

void scanner::feed(position at, std::string_view window) {
  weir_check(at == at_ && !done(), "fed from {} when {} was wanted", at, at_);
  weir_check(!window.empty() && at_ + window.size() <= start_.end, "window of {} at {}, end {}",
             window.size(), at_, start_.end);
  fed_ = window_ = window;
  fed_at_ = at_;
}

std::optional<scanned_frame> scanner::next() {
  while (mode_ != mode::done) {
    const bool whole_frame = mode_ == mode::body && body_left_ == 0;
    if (whole_frame && judging_) {
      judge_candidate();
    } else if (whole_frame) {
      if (auto frame = accept()) return frame;
    } else if (window_.empty()) {
      return std::nullopt;
    } else if (mode_ == mode::head) {
      take_head();
    } else if (mode_ == mode::body) {
      take_body();
    } else {
      search();
    }
  }
  return std::nullopt;
}

const scan_result& scanner::result() const {
  weir_check(done(), "scan judged at {} of {}", at_, start_.end);
  return result_;
}

// At a frame boundary: ends the scan where no frame can follow.
void scanner::begin_frame() {
  mode_ = mode::head;
  head_seen_ = 0;
  if (frame_at_ == start_.end) {
    finish(tail_state::clean);
  } else if (start_.end - frame_at_ < frame_head_size) {
    bad(log_error::cut_off);
  }
}

void scanner::take_head() {
  const auto step = std::min(window_.size(), frame_head_size - head_seen_);
  std::memcpy(head_bytes_.data() + head_seen_, window_.data(), step);
  head_seen_ += step;
  consume(step);
  if (head_seen_ < frame_head_size) return;
  const auto head =
      decode_frame_head({head_bytes_.data(), head_bytes_.size()}, start_.salt, frame_at_);
  const bool fits = head && head->size() <= start_.end - frame_at_;
  if (!fits) {
    const auto reason = head ? log_error::cut_off : head.error();
    return judging_ ? refuse_candidate() : bad(reason);
  }
  head_ = *head;
  body_ = body_check(head_);
  body_left_ = start_.check_bodies || judging_
                   ? head_.body_size
                   : std::min<std::uint32_t>(head_.body_size, body_start_size);
  mode_ = mode::body;
}

void scanner::take_body() {
  const auto step = std::min<std::size_t>(window_.size(), body_left_);
  body_.feed(window_.substr(0, step));
  body_left_ -= static_cast<std::uint32_t>(step);
  consume(step);
}

// The frame at frame_at_ has been read: does it continue the log?
std::optional<scanned_frame> scanner::accept() {
  if (start_.check_bodies) {
    if (const auto good = body_.finish(); !good) {
      bad(good.error());
      return std::nullopt;
    }
  }
  if (!follows(head_)) {
    if (is_later(head_)) {
      // It was written here, so what should precede it was, too.
      result_.reason = log_error::bad_continuation;
      finish(tail_state::corrupt, frame_at_);
    } else {
      bad(log_error::bad_continuation);
    }
    return std::nullopt;
  }
  if (head_.kind == frame_kind::vote) {
    if (const auto v = decode_vote(body_.start())) result_.last_vote = *v;
  } else {
    result_.last_term = head_.term;
  }
  result_.next_index = head_.next_index();
  result_.next_offset = head_.next_offset();
  index_known_ = offset_known_ = true;
  scanned_frame frame{.at = frame_at_, .head = head_, .body_start = body_.start()};
  frame_at_ += head_.size();
  result_.valid_through = frame_at_;
  seek(frame_at_);
  begin_frame();
  return frame;
}

bool scanner::follows(const frame_head& head) const {
  const bool vote_follows =
      head.kind != frame_kind::vote || !result_.last_vote || head.term >= result_.last_vote->term;
  if (head.term < result_.last_term || !vote_follows) return false;
  const bool at_index = !index_known_ || head.index == result_.next_index;
  const bool at_offset = !offset_known_ || head.base_offset == result_.next_offset;
  if (at_index && at_offset) return true;
  if (!start_.allow_gaps && !head.after_hole) return false;
  if (!index_known_ || !offset_known_) return is_behind(head);
  // Only batches go, and each took an offset at least.
  return is_behind(head) && !at_index &&
         static_cast<std::uint64_t>(head.base_offset - result_.next_offset) >=
             head.index - result_.next_index;
}

bool scanner::is_behind(const frame_head& head) const {
  return (!index_known_ || head.index >= result_.next_index) &&
         (!offset_known_ || head.base_offset >= result_.next_offset);
}

bool scanner::is_later(const frame_head& head) const {
  return head.term >= result_.last_term && (!index_known_ || head.index >= result_.next_index);
}

// The first bad frame, at result_.valid_through: goes back to look at everything from there on.
void scanner::bad(log_error reason) {
  result_.reason = reason;
  judging_ = true;
  mode_ = mode::search;
  head_seen_ = 0;
  searched_ = frame_at_ + 1;
  seek(frame_at_);
  // With its checksum right it is what was written: a frame of a later version, or a bug. Either
  // way nothing may be cut.
  if (reason == log_error::unknown_kind || reason == log_error::bad_field) {
    finish(tail_state::corrupt);
  }
}

// Tries every place of the window as a frame's start. A head may begin in the window before: the
// last bytes are carried over.
void scanner::search() {
  only_zeros_ = only_zeros_ && all_zero(window_);
  std::array<char, 2 * carry_max> joined;
  if (head_seen_ > 0) {
    const auto more = std::min(window_.size(), carry_max);
    std::memcpy(joined.data(), head_bytes_.data(), head_seen_);
    std::memcpy(joined.data() + head_seen_, window_.data(), more);
    if (search_in({joined.data(), head_seen_ + more}, at_ - head_seen_)) return;
  }
  if (search_in(window_, at_)) return;
  // The last carry_max bytes of what was carried and the window.
  const auto from_window = std::min(window_.size(), carry_max);
  const auto kept = std::min(head_seen_, carry_max - from_window);
  std::memmove(head_bytes_.data(), head_bytes_.data() + head_seen_ - kept, kept);
  std::memcpy(head_bytes_.data() + kept, window_.data() + window_.size() - from_window,
              from_window);
  head_seen_ = kept + from_window;
  consume(window_.size());
  if (at_ == start_.end) finish(only_zeros_ ? tail_state::clean : tail_state::torn);
}

bool scanner::search_in(std::string_view bytes, position from) {
  constexpr std::size_t kind_at = 12;
  std::size_t i = searched_ > from ? searched_ - from : 0;
  while (i + frame_head_size <= bytes.size()) {
    // Zero in all eight places where a kind would stand.
    if (load_le<std::uint64_t>(bytes.data() + i + kind_at) == 0) {
      i += 8;
      continue;
    }
    if (could_be_frame(bytes.substr(i, frame_head_size), from + i)) {
      frame_at_ = from + i;
      mode_ = mode::head;
      head_seen_ = 0;
      seek(frame_at_);
      return true;
    }
    ++i;
  }
  return false;
}

bool scanner::could_be_frame(std::string_view bytes, position at) const {
  // Cheap looks first: nearly no place passes them, so that the checksum is rarely computed.
  if (static_cast<unsigned char>(bytes[12]) > static_cast<unsigned char>(frame_kind::start_moved) ||
      static_cast<unsigned char>(bytes[13]) > 1 || bytes[14] != 0 || bytes[15] != 0) {
    return false;
  }
  const std::uint64_t size = frame_head_size + load_le<std::uint32_t>(bytes.data() + 4);
  if (size > start_.end - at) return false;
  const auto head = decode_frame_head(bytes, start_.salt, at);
  return head && is_later(*head);
}

// The frame at frame_at_, after the bad one, has been read.
void scanner::judge_candidate() {
  if (!body_.finish()) return refuse_candidate();
  // Written when everything below `durable` had been flushed.
  const position durable =
      frame_at_ - std::min<std::uint64_t>(head_.unflushed_before, frame_at_.value());
  if (durable > result_.valid_through) return finish(tail_state::corrupt, frame_at_);
  searched_ = frame_at_ + head_.size();
  mode_ = mode::search;
  head_seen_ = 0;
  if (at_ == start_.end) finish(tail_state::torn);
}

void scanner::refuse_candidate() {
  // So many heads of ours with bad bodies are no torn write.
  if (++candidates_ > candidates_max) return finish(tail_state::corrupt);
  only_zeros_ = false;
  searched_ = frame_at_ + 1;
  mode_ = mode::search;
  head_seen_ = 0;
  seek(searched_);
}

void scanner::seek(position to) {
  at_ = to;
  const bool inside = to >= fed_at_ && to <= fed_at_ + fed_.size();
  window_ = inside ? fed_.substr(to - fed_at_) : std::string_view{};
}

void scanner::consume(std::size_t count) {
  window_.remove_prefix(count);
  at_ += count;
}

void scanner::finish(tail_state tail, std::optional<position> next_good) {
  // Less is there than was durable.
  if (start_.flushed_through > result_.valid_through) {
    tail = tail_state::corrupt;
    result_.below_flushed = true;
    if (!result_.reason) result_.reason = log_error::cut_off;
  }
  result_.tail = tail;
  result_.next_good = next_good;
  if (tail == tail_state::clean) result_.reason.reset();
  mode_ = mode::done;
  window_ = {};
}

}  // namespace weir::log
