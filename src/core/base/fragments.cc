#include "core/base/fragments.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir {

fragments fragments::slice(std::size_t from, std::size_t count) const {
  fragments_cursor cursor(*this);
  cursor.skip(from);
  return cursor.take(count);
}

void fragments::copy_to(std::size_t from, std::size_t count, char* to) const {
  fragments_cursor cursor(*this);
  cursor.skip(from);
  cursor.read(to, count);
}

bytes fragments::contiguous(std::size_t from, std::size_t count) const {
  fragments_cursor cursor(*this);
  cursor.skip(from);
  return cursor.take_bytes(count);
}

std::string fragments::str() const {
  std::string all;
  all.reserve(size_);
  for (const auto& piece : pieces_) all.append(piece.view());
  return all;
}

void fragments_cursor::settle() {
  while (piece_ < over_->pieces().size() && in_piece_ == over_->pieces()[piece_].size()) {
    ++piece_;
    in_piece_ = 0;
  }
}

void fragments_cursor::skip(std::size_t count) {
  weir_check(count <= left(), "skip of {} with {} left", count, left());
  while (count > 0) {
    const std::size_t step = std::min(count, run().size());
    in_piece_ += step;
    at_ += step;
    count -= step;
    settle();
  }
}

void fragments_cursor::read(char* to, std::size_t count) {
  weir_check(count <= left(), "read of {} with {} left", count, left());
  while (count > 0) {
    const auto here = run();
    const std::size_t step = std::min(count, here.size());
    std::memcpy(to, here.data(), step);
    to += step;
    count -= step;
    skip(step);
  }
}

fragments fragments_cursor::take(std::size_t count) {
  weir_check(count <= left(), "take of {} with {} left", count, left());
  fragments taken;
  while (count > 0) {
    const std::size_t step = std::min(count, run().size());
    taken.append(over_->pieces()[piece_].slice(in_piece_, step));
    count -= step;
    skip(step);
  }
  return taken;
}

bytes fragments_cursor::take_bytes(std::size_t count) {
  weir_check(count <= left(), "take of {} with {} left", count, left());
  if (count == 0) return {};
  if (run().size() >= count) {
    bytes taken = over_->pieces()[piece_].slice(in_piece_, count);
    skip(count);
    return taken;
  }
  std::string joined(count, '\0');
  read(joined.data(), count);
  return bytes::from(std::move(joined));
}

}  // namespace weir
