#include "engine/store/frame_source.h"

#include <seastar/core/coroutine.hh>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/runtime/buffers.h"

namespace weir::store {
namespace {

constexpr std::uint64_t window_size = 128 * 1024;

}  // namespace

void frame_source::damaged(std::uint64_t at, std::string_view what) const {
  throw std::runtime_error(fmt::format("{} is damaged at position {} ({})", path_, at, what));
}

seastar::future<std::optional<whole_frame>> frame_source::next() {
  if (at_ == end_) co_return std::nullopt;
  const auto from = at_;
  if (end_ - from < log::frame_head_size) damaged(from, "cut off");
  const auto raw = co_await take(log::frame_head_size);
  const auto head =
      log::decode_frame_head(raw.contiguous(0, raw.size()).view(), salt_, position(from));
  if (!head) damaged(from, log::name(head.error()));
  if (head->body_size > end_ - at_) damaged(from, "cut off");
  whole_frame frame{.head = *head, .body = co_await take(head->body_size)};
  if (const auto good = log::check_body(frame.head, frame.body); !good)
    damaged(from, log::name(good.error()));
  if (frame.head.index < next_index_ || frame.head.base_offset < next_offset_)
    damaged(from, log::name(log::log_error::bad_continuation));
  next_index_ = frame.head.next_index();
  next_offset_ = frame.head.next_offset();
  co_return frame;
}

seastar::future<fragments> frame_source::take(std::size_t count) {
  fragments taken;
  while (taken.size() < count) {
    if (window_.empty()) co_await load();
    auto piece = window_.slice(0, count - taken.size());
    at_ += piece.size();
    window_ = window_.slice(piece.size());
    taken.append(std::move(piece));
  }
  co_return taken;
}

// at_ is where a window ended, or the first frame's place: a multiple of the block either way.
seastar::future<> frame_source::load() {
  if (!file_) file_ = co_await files_.open_read_only(path_);
  const auto wanted = std::min(window_size - at_ % window_size, end_ - at_);
  auto buffer = seastar::temporary_buffer<char>::aligned(block_size, block_ceil(wanted));
  const auto got = co_await file_->read(at_, buffer.get_write(), buffer.size());
  if (got < wanted) damaged(at_ + got, "shorter than its frames");
  read_ += wanted;
  window_ = adopt(std::move(buffer)).slice(0, wanted);
}

seastar::future<> frame_source::close() {
  if (file_) co_await std::exchange(file_, nullptr)->close();
}

}  // namespace weir::store
