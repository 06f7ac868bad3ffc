#include "core/record/record_reader.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/varint.h"

namespace weir::record {
namespace {

std::int64_t wrapping_sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::unique_ptr<piece_source> body_of(const batch_header& header, const fragments& batch,
                                      std::size_t unpacked_max) {
  const auto type = header.compression();
  if (!type) return nullptr;
  weir_check(batch.size() >= batch_header_size, "a batch of {} bytes", batch.size());
  return make_decompressor(*type, batch.slice(batch_header_size, batch.size() - batch_header_size),
                           unpacked_max);
}

bytes joined(fragments taken) {
  return taken.empty() ? bytes{} : taken.contiguous(0, taken.size());
}

}  // namespace

timestamp record_time(const batch_header& batch, std::int64_t timestamp_delta) {
  if (batch.timestamps() == timestamp_kind::log_append_time) return batch.max_timestamp;
  return timestamp(wrapping_sum(batch.base_timestamp.value(), timestamp_delta));
}

record_reader::record_reader(const batch_header& header, const fragments& batch,
                             std::size_t unpacked_max)
    : record_reader(header, body_of(header, batch, unpacked_max)) {}

record_reader::record_reader(const batch_header& header, std::unique_ptr<piece_source> body)
    : header_(header), body_(std::move(body)) {}

std::expected<bool, record_error> record_reader::next(record& into) {
  into.key.reset();
  into.value.reset();
  into.headers.clear();
  const bool found = weir_try(read(into, &into));
  if (found) {
    into.offset = weir::offset(wrapping_sum(header_.base_offset.value(), into.offset_delta));
    into.time = record_time(header_, into.timestamp_delta);
  }
  return found;
}

std::expected<bool, record_error> record_reader::next_shape(record_shape& into) {
  return read(into, nullptr);
}

std::expected<bool, record_error> record_reader::read(record_shape& shape, record* whole) {
  if (!weir_try(at_record())) return false;
  const auto size = weir_try(varint(32));
  if (size < 0) return bad("a record's size is negative");
  shape.size = static_cast<std::int32_t>(size);
  record_end_ = position_ + static_cast<std::size_t>(size);
  weir_try_void(contents(shape, whole));
  if (position_ != record_end_) return bad("a record's contents do not fill its size");
  ++done_;
  return true;
}

std::expected<bool, record_error> record_reader::at_record() {
  if (!body_) return std::unexpected(record_error::unknown_codec);
  const bool left = weir_try(more());
  if (done_ >= header_.record_count) {
    if (!left) return false;
    complaint_ = "bytes are left behind the last record";
    return std::unexpected(record_error::bad_count);
  }
  if (left) return true;
  complaint_ = "there are fewer records than the header says";
  return std::unexpected(record_error::bad_count);
}

std::expected<void, record_error> record_reader::contents(record_shape& shape, record* whole) {
  if (!weir_try(more())) return bad("the bytes end inside a record");
  shape.attributes = static_cast<std::int8_t>(run_.front());
  pass(1);
  shape.timestamp_delta = weir_try(varint(64));
  shape.offset_delta = static_cast<std::int32_t>(weir_try(varint(32)));
  shape.key_size = weir_try(length());
  if (shape.key_size >= 0) {
    const auto size = static_cast<std::size_t>(shape.key_size);
    if (whole) {
      whole->key = joined(weir_try(take(size)));
    } else {
      weir_try_void(skip(size));
    }
  }
  shape.value_size = weir_try(length());
  if (shape.value_size >= 0) {
    const auto size = static_cast<std::size_t>(shape.value_size);
    if (whole) {
      whole->value = weir_try(take(size));
    } else {
      weir_try_void(skip(size));
    }
  }
  const auto count = weir_try(varint(32));
  // Each header takes two bytes at least, so this also bounds the memory for them.
  const std::size_t left = record_end_ - std::min(position_, record_end_);
  if (count < 0 || static_cast<std::size_t>(count) > left / 2) {
    return bad("a record's header count is impossible");
  }
  shape.header_count = static_cast<std::int32_t>(count);
  return headers(shape.header_count, whole);
}

std::expected<void, record_error> record_reader::headers(std::int32_t count, record* whole) {
  for (std::int32_t i = 0; i < count; ++i) {
    record_header* into = whole ? &whole->headers.emplace_back() : nullptr;
    const auto key_size = weir_try(length());
    if (key_size < 0) return bad("a header's key is null");
    if (into) {
      into->key = joined(weir_try(take(static_cast<std::size_t>(key_size))));
    } else {
      weir_try_void(skip(static_cast<std::size_t>(key_size)));
    }
    const auto value_size = weir_try(length());
    if (value_size < 0) continue;
    if (into) {
      into->value = joined(weir_try(take(static_cast<std::size_t>(value_size))));
    } else {
      weir_try_void(skip(static_cast<std::size_t>(value_size)));
    }
  }
  return {};
}

std::expected<bool, record_error> record_reader::more() {
  if (!run_.empty()) return true;
  piece_ = weir_try(body_->next());
  run_ = piece_.view();
  return !run_.empty();
}

void record_reader::pass(std::size_t count) {
  run_.remove_prefix(count);
  position_ += count;
}

std::expected<std::int64_t, record_error> record_reader::varint(unsigned bits) {
  if (run_.size() >= varint_size_max) {
    const auto number = get_uvarint(run_, bits);
    if (!number) return bad("a variable-length number is too wide");
    pass(number->size);
    return unzigzag(number->value);
  }
  // Near a piece's end: gather the number byte by byte.
  char gathered[varint_size_max];
  for (std::size_t size = 1; size <= varint_size_max; ++size) {
    if (!weir_try(more())) return bad("the bytes end inside a number");
    gathered[size - 1] = run_.front();
    pass(1);
    if ((gathered[size - 1] & 0x80) != 0) continue;
    const auto number = get_uvarint({gathered, size}, bits);
    if (!number) break;
    return unzigzag(number->value);
  }
  return bad("a variable-length number is too wide");
}

std::expected<std::int32_t, record_error> record_reader::length() {
  const auto size = weir_try(varint(32));
  if (size < 0) return -1;
  if (position_ > record_end_ || static_cast<std::size_t>(size) > record_end_ - position_) {
    return bad("a length reaches out of its record");
  }
  return static_cast<std::int32_t>(size);
}

std::expected<void, record_error> record_reader::skip(std::size_t count) {
  while (count > 0) {
    if (!weir_try(more())) return bad("the bytes end inside a record");
    const std::size_t step = std::min(count, run_.size());
    pass(step);
    count -= step;
  }
  return {};
}

std::expected<fragments, record_error> record_reader::take(std::size_t count) {
  fragments taken;
  while (count > 0) {
    if (!weir_try(more())) return bad("the bytes end inside a record");
    const std::size_t step = std::min(count, run_.size());
    taken.append(piece_.slice(piece_.size() - run_.size(), step));
    pass(step);
    count -= step;
  }
  return taken;
}

std::unexpected<record_error> record_reader::bad(std::string_view complaint) {
  complaint_ = complaint;
  return std::unexpected(record_error::bad_record);
}

}  // namespace weir::record
