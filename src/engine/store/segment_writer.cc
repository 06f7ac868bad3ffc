#include "engine/store/segment_writer.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace weir::store {
namespace {

constexpr std::size_t buffer_size = 128 * 1024;

}  // namespace

segment_writer::segment_writer(file_system& files, std::string path,
                               const log::segment_header& header)
    : files_(files),
      path_(std::move(path)),
      header_(header),
      index_(header.first_index, header.first_offset),
      buffer_(seastar::allocate_aligned_buffer<char>(buffer_size, block_size)) {}

seastar::future<> segment_writer::add(log::frame_head head, fragments body, timestamp time) {
  if (end() + head.size() > log::segment_index::segment_size_max)
    throw std::runtime_error(path_ + " would get larger than a segment may be");
  head.unflushed_before = 0;  // all of the file is durable before it counts
  head.after_hole = false;    // the header says that there are some
  const position at{end()};
  const auto encoded = log::encode(head, header_.salt, at);
  co_await put({encoded.data(), encoded.size()});
  for (const auto& piece : body.pieces()) co_await put(piece.view());
  index_.add(at, head, time);
}

seastar::future<> segment_writer::put(std::string_view piece) {
  while (!piece.empty()) {
    const auto step = std::min(piece.size(), buffer_size - filled_);
    std::memcpy(buffer_.get() + filled_, piece.data(), step);
    filled_ += step;
    piece.remove_prefix(step);
    if (filled_ < buffer_size) continue;
    co_await write_buffer(buffer_size);
    buffer_at_ += buffer_size;
    filled_ = 0;
  }
}

seastar::future<> segment_writer::write_buffer(std::size_t size) {
  if (!file_) file_ = co_await files_.create(path_);
  co_await file_->write(buffer_at_, buffer_.get(), size);
  unpaid_ += size;
}

seastar::future<> segment_writer::finish(log::compacted_span span) {
  if (filled_ > 0) {
    const auto whole = block_ceil(filled_);
    std::memset(buffer_.get() + filled_, 0, whole - filled_);
    co_await write_buffer(whole);
  }
  span.end = position(end());
  header_.compacted = span;
  index_.cover(span.next_index, span.next_offset);
  std::array<char, log::segment_header_size> block{};
  log::encode(header_, block);
  std::memcpy(buffer_.get(), block.data(), block.size());
  buffer_at_ = 0;
  co_await write_buffer(block.size());
  co_await file_->flush();
  co_await close();
}

seastar::future<> segment_writer::close() {
  if (file_) co_await std::exchange(file_, nullptr)->close();
}

}  // namespace weir::store
