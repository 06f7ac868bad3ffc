#include "engine/peer/frame_reader.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/as_future.hh>

#include "engine/runtime/buffers.h"

namespace weir::peer {
namespace {

constexpr std::size_t large_tail = 64U << 10;

}  // namespace

seastar::future<std::optional<fragments>> frame_reader::take(std::size_t size) {
  fragments taken;
  while (taken.size() < size) {
    if (buffered_.empty()) {
      buffered_ = adopt(co_await in_.read());
      if (buffered_.empty()) co_return std::nullopt;
      bytes_read_ += buffered_.size();
      if (!frame_began_) frame_began_ = seastar::lowres_clock::now();
    }
    taken.append(buffered_.slice(0, size - taken.size()));
    buffered_ = buffered_.slice(taken.pieces().back().size());
  }
  co_return taken;
}

seastar::future<std::optional<received_frame>> frame_reader::next(frame_limits limits) {
  frame_began_.reset();
  if (!buffered_.empty()) frame_began_ = seastar::lowres_clock::now();
  const auto raw = co_await take(frame_header_size);
  if (!raw) co_return std::nullopt;
  std::array<char, frame_header_size> header_bytes{};
  raw->copy_to(0, header_bytes.size(), header_bytes.data());
  const auto header = decode_frame_header(header_bytes, limits);
  if (!header) throw peer_violation(header.error());
  received_frame frame;
  frame.header = *header;
  if (header->tail_size >= large_tail) {
    // Waiting here is the back-pressure: the kernel's buffers fill and the peer slows down.
    frame_began_.reset();
    frame.memory = co_await seastar::get_units(memory_, header->tail_size);
    frame_began_ = seastar::lowres_clock::now();
  }
  const auto head = co_await take(header->head_size);
  if (!head) co_return std::nullopt;
  auto tail = co_await take(header->tail_size);
  if (!tail) co_return std::nullopt;
  frame_began_.reset();
  frame.head = head->contiguous(0, head->size());
  frame.tail = *std::move(tail);
  const auto checked = check_body(frame.header, frame.head.view(), frame.tail);
  if (!checked) throw peer_violation(checked.error());
  co_return frame;
}

seastar::future<> frame_reader::close() {
  auto closed = co_await seastar::coroutine::as_future(in_.close());
  closed.ignore_ready_future();
}

}  // namespace weir::peer
