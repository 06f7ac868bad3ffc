#pragma once
// A byte sequence in pieces: what a socket delivered, what the log's cache holds, what an answer is
// made of. Pieces are shared, never copied; a sequence of one piece allocates nothing.
#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace weir {

class fragments {
 public:
  fragments() = default;
  explicit fragments(bytes one) { append(std::move(one)); }
  static fragments copy(std::string_view view) { return fragments(bytes::copy(view)); }

  void append(bytes piece) {
    if (piece.empty()) return;
    size_ += piece.size();
    pieces_.push_back(std::move(piece));
  }
  void append(const fragments& other) {
    for (const auto& piece : other.pieces_) append(piece);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<const bytes> pieces() const { return pieces_; }

  // [from, from + count), sharing the pieces. The range must lie inside.
  [[nodiscard]] fragments slice(std::size_t from, std::size_t count) const;
  // Copies [from, from + count) to `to`. The range must lie inside.
  void copy_to(std::size_t from, std::size_t count, char* to) const;
  // [from, from + count) as one piece: shared where it lies in one, else copied. For small ranges.
  [[nodiscard]] bytes contiguous(std::size_t from, std::size_t count) const;
  [[nodiscard]] std::string str() const;  // tests and small values

  friend bool operator==(const fragments& a, const fragments& b) { return a.str() == b.str(); }

 private:
  absl::InlinedVector<bytes, 1> pieces_;
  std::size_t size_ = 0;
};

// Reads a sequence from front to back. Reading past the end is the caller's mistake: it asks left()
// first.
class fragments_cursor {
 public:
  explicit fragments_cursor(const fragments& over) : over_(&over) { settle(); }

  [[nodiscard]] std::size_t left() const { return over_->size() - at_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  // The rest of the current piece: not empty unless left() is 0.
  [[nodiscard]] std::string_view run() const {
    return left() == 0 ? std::string_view{} : over_->pieces()[piece_].view().substr(in_piece_);
  }
  void skip(std::size_t count);
  void read(char* to, std::size_t count);
  [[nodiscard]] fragments take(std::size_t count);    // shares
  [[nodiscard]] bytes take_bytes(std::size_t count);  // shares, or copies where it crosses pieces

 private:
  void settle();

  const fragments* over_;
  std::size_t piece_ = 0;
  std::size_t in_piece_ = 0;
  std::size_t at_ = 0;
};

}  // namespace weir
