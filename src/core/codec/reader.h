#pragma once
// Reads the fields of a message from a frame in pieces. Strings and bytes share the frame's memory;
// only those that lie across two pieces are copied. Records are always shared.
//
// Errors stick: after the first one every read gives zero or empty and takes nothing, so generated
// code asks ok() only in loops and at the end. Every length is checked against what is left, and
// every count against the least that its elements take on the wire, before memory is taken; on top
// of that all memory for one frame comes out of a budget of memory_floor + memory_factor * frame
// bytes, so no frame, however made, can take more.
#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/base/chunked_vector.h"
#include "core/base/endian.h"
#include "core/base/fragments.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/codec/codec_error.h"
#include "core/codec/unknown_tags.h"

namespace weir::kafka {

class reader {
 public:
  static constexpr std::size_t memory_floor = 16 * 1024;
  static constexpr std::size_t memory_factor = 24;
  static constexpr std::size_t string_size_max = 32767;

  // `frame` must outlive the reader, not what was read.
  explicit reader(const fragments& frame);
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] codec_error error() const { return *error_; }
  [[nodiscard]] std::size_t left() const { return run() + beyond_; }
  void fail(codec_error e);

  std::int8_t int8() { return number<std::int8_t>(); }
  std::int16_t int16() { return number<std::int16_t>(); }
  std::uint16_t uint16() { return number<std::uint16_t>(); }
  std::int32_t int32() { return number<std::int32_t>(); }
  std::int64_t int64() { return number<std::int64_t>(); }
  double float64() { return std::bit_cast<double>(number<std::uint64_t>()); }
  bool boolean() { return number<std::int8_t>() != 0; }
  uuid id() {
    const auto high = number<std::uint64_t>();
    return {high, number<std::uint64_t>()};
  }
  std::uint32_t uvarint();

  // `flex` chooses the compact form of lengths; `null_allowed` is whether this version has null.
  // Bytes of a string are not checked to be UTF-8: Kafka doesn't either.
  text string(bool flex);
  std::optional<text> nullable_string(bool flex, bool null_allowed = true);
  bytes byte_string(bool flex);
  std::optional<bytes> nullable_byte_string(bool flex, bool null_allowed = true);
  std::optional<fragments> records(bool flex, bool null_allowed = true);
  // Whether a nullable struct follows (KIP-893).
  bool present();

  // Makes room for the array that starts here; the caller reads the elements, each of which takes
  // at least `wire_min` bytes of the frame.
  template <typename T>
  void array(chunked_vector<T>& into, bool flex, std::size_t wire_min) {
    const auto count = array_count(flex, wire_min, sizeof(T), false);
    into.resize(count.value_or(0));
  }
  // The same where null is possible; false if it is null.
  template <typename T>
  bool nullable_array(std::optional<chunked_vector<T>>& into, bool flex, std::size_t wire_min,
                      bool null_allowed = true) {
    into.reset();
    const auto count = array_count(flex, wire_min, sizeof(T), null_allowed);
    if (!count) return false;
    into.emplace().resize(*count);
    return true;
  }

 private:
  friend class tag_reader;

  template <std::integral T>
  T number() {
    if (run() >= sizeof(T)) [[likely]] {
      const T value = load_be<T>(at_);
      at_ += sizeof(T);
      return value;
    }
    char gathered[sizeof(T)] = {};
    gather(gathered, sizeof(T));
    return load_be<T>(gathered);
  }
  [[nodiscard]] std::size_t run() const { return static_cast<std::size_t>(run_end_ - at_); }
  void gather(char* to, std::size_t count);
  void next_piece();
  [[nodiscard]] bytes take(std::size_t count);  // count <= left()
  bool charge(std::size_t count);
  // The length before a string or bytes, checked; nothing for null.
  std::optional<std::size_t> length(bool flex, bool narrow, bool null_allowed);
  std::optional<std::size_t> array_count(bool flex, std::size_t wire_min, std::size_t size,
                                         bool null_allowed);
  // Narrows what may be read to the next `count` bytes; gives what leave() needs.
  std::size_t enter(std::size_t count);
  void leave(std::size_t outer);

  const fragments* frame_;
  std::size_t piece_ = 0;
  const char* at_ = nullptr;
  const char* run_end_ = nullptr;  // of the part of this piece that may be read
  const char* piece_end_ = nullptr;
  std::size_t beyond_ = 0;  // bytes that may be read after run_end_, in later pieces
  std::size_t memory_left_;
  std::optional<codec_error> error_;
};

// Walks over the tagged fields at the end of a struct: while (next()) { switch (tag()) … }. A case
// reads the whole value or calls keep().
class tag_reader {
 public:
  explicit tag_reader(reader& from) : from_(from), count_(from.uvarint()) {}
  bool next();
  [[nodiscard]] std::uint32_t tag() const { return tag_; }
  void keep(unknown_tags& into);

 private:
  reader& from_;
  std::uint32_t count_;
  std::uint32_t done_ = 0;
  std::uint32_t tag_ = 0;
  std::size_t outer_ = 0;
};

}  // namespace weir::kafka
