#pragma once
// The records of one batch, front to back, never needing the body in one piece.
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fragments.h"
#include "core/record/batch_header.h"
#include "core/record/compression.h"

namespace weir::record {

struct record_header {
  bytes key;  // UTF-8, not checked
  std::optional<bytes> value;
};

// What every record has, whether its contents are wanted or not.
struct record_shape {
  std::int32_t size = 0;  // bytes after the length prefix
  std::int8_t attributes = 0;
  std::int64_t timestamp_delta = 0;
  std::int32_t offset_delta = 0;
  std::int32_t key_size = -1;    // -1: null
  std::int32_t value_size = -1;  // -1: null
  std::int32_t header_count = 0;
};

struct record : record_shape {
  weir::offset offset{0};
  weir::timestamp time = no_timestamp;  // append time where the batch says so
  std::optional<bytes> key;             // shared; copied where it crosses pieces
  std::optional<fragments> value;       // shared always
  std::vector<record_header> headers;
};

// The time of a record of the batch: its own, or the batch's append time.
timestamp record_time(const batch_header& batch, std::int64_t timestamp_delta);

class record_reader {
 public:
  // Reads `batch` (one whole batch with the header that was read from it), unpacking at most
  // `unpacked_max` bytes. An unknown codec is the first answer's error.
  record_reader(const batch_header& header, const fragments& batch, std::size_t unpacked_max);
  // Reads the records of the batch with this header from `body`, already unpacked.
  record_reader(const batch_header& header, std::unique_ptr<piece_source> body);

  // The next record, or false after the last: then the body has ended where it should. Checks
  // everything: lengths within the record, counts, header keys, nothing left over. Not called again
  // after false or an error.
  std::expected<bool, record_error> next(record& into);
  // The same checks without touching keys, values and headers; takes no memory.
  std::expected<bool, record_error> next_shape(record_shape& into);

  [[nodiscard]] std::int32_t read_so_far() const { return done_; }
  // Bytes of the (unpacked) body passed so far.
  [[nodiscard]] std::size_t position() const { return position_; }
  // What exactly was wrong, in words, after bad_record and bad_count.
  [[nodiscard]] std::string_view complaint() const { return complaint_; }

 private:
  std::expected<bool, record_error> read(record_shape& shape, record* whole);
  std::expected<bool, record_error> at_record();
  std::expected<void, record_error> contents(record_shape& shape, record* whole);
  std::expected<void, record_error> headers(std::int32_t count, record* whole);
  // Whether bytes are left: run_ is not empty then.
  std::expected<bool, record_error> more();
  void pass(std::size_t count);
  std::expected<std::int64_t, record_error> varint(unsigned bits);
  // A length that fits into the rest of the record; -1 for null, which is any negative number.
  std::expected<std::int32_t, record_error> length();
  std::expected<void, record_error> skip(std::size_t count);
  std::expected<fragments, record_error> take(std::size_t count);
  std::unexpected<record_error> bad(std::string_view complaint);

  batch_header header_;
  std::unique_ptr<piece_source> body_;  // null for an unknown codec
  bytes piece_;
  std::string_view run_;  // what is left of piece_
  std::size_t position_ = 0;
  std::size_t record_end_ = 0;  // where the record that is being read must end
  std::int32_t done_ = 0;
  std::string_view complaint_;
};

}  // namespace weir::record
