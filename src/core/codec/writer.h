#pragma once
// Writes the fields of a message. Small fields go into blocks of its own, which grow up to 128 KiB
// each; records and long byte strings are taken by reference, so encoding a fetch answer copies no
// record. The mirror image of reader.h; encoded_size() of a message says beforehand how much it
// will write.
#include <bit>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/endian.h"
#include "core/base/fragments.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/base/varint.h"
#include "core/codec/codec_error.h"
#include "core/codec/unknown_tags.h"

namespace weir::kafka {

class writer {
 public:
  static constexpr std::size_t block_bytes_max = 128 * 1024;
  static constexpr std::size_t shared_bytes_min = 1024;  // shorter byte strings are copied

  // `expected` bytes of small fields: the first block is of that size, within limits.
  explicit writer(std::size_t expected = 0);
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  ~writer();

  void int8(std::int8_t v) { number(v); }
  void int16(std::int16_t v) { number(v); }
  void uint16(std::uint16_t v) { number(v); }
  void int32(std::int32_t v) { number(v); }
  void int64(std::int64_t v) { number(v); }
  void float64(double v) { number(std::bit_cast<std::uint64_t>(v)); }
  void boolean(bool v) { number(static_cast<std::int8_t>(v)); }
  void id(const uuid& v) {
    number(v.high);
    number(v.low);
  }
  void uvarint(std::uint32_t v);

  void string(const text& v, bool flex);
  void nullable_string(const std::optional<text>& v, bool flex, bool null_allowed = true);
  void byte_string(const bytes& v, bool flex);
  void nullable_byte_string(const std::optional<bytes>& v, bool flex, bool null_allowed = true);
  void records(const std::optional<fragments>& v, bool flex, bool null_allowed = true);
  void present(bool yes) { int8(yes ? 1 : -1); }
  // The count before an array; array_null for one that is null.
  void array(std::size_t count, bool flex);
  void array_null(bool flex, bool null_allowed = true);
  // Bytes as they are, without a length: a header, or a message encoded before.
  void raw(std::string_view v);
  void raw(const fragments& v);

  // Errors stick, as in reader. `fits` is false where a value is set that the version can't carry.
  void require(bool fits) {
    if (!fits) fail(codec_error::not_in_version);
  }
  void fail(codec_error e) {
    if (!error_) error_ = e;
  }
  [[nodiscard]] std::expected<void, codec_error> status() const;
  [[nodiscard]] std::size_t size() const { return out_.size() + pending(); }
  // What was written; the writer is empty afterwards.
  [[nodiscard]] fragments take();

 private:
  class block;

  template <typename T>
  void number(T v) {
    char* to = room(sizeof(T));
    store_be(to, v);
    at_ += sizeof(T);
  }
  // At least `count` (small) bytes at at_.
  char* room(std::size_t count) {
    if (static_cast<std::size_t>(end_ - at_) < count) [[unlikely]]
      next_block();
    return at_;
  }
  [[nodiscard]] std::size_t pending() const { return static_cast<std::size_t>(at_ - flushed_); }
  void next_block();
  void flush();
  void length(std::size_t count, bool flex);
  void null_length(bool flex, bool null_allowed);

  fragments out_;
  block* block_ = nullptr;   // one share is ours
  char* flushed_ = nullptr;  // [flushed_, at_) is written and not yet in out_
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::size_t next_size_;
  std::optional<codec_error> error_;
};

// Writes unknown tagged fields between known ones, in ascending order.
class unknown_writer {
 public:
  unknown_writer(const unknown_tags& from, writer& to) : from_(from), to_(to) {}
  void below(std::uint32_t tag) {
    while (next_ < from_.size() && from_[next_].tag < tag) put(from_[next_++]);
  }
  void rest() {
    while (next_ < from_.size()) put(from_[next_++]);
  }

 private:
  void put(const unknown_tags::field& f);

  const unknown_tags& from_;
  writer& to_;
  std::size_t next_ = 0;
};

}  // namespace weir::kafka
