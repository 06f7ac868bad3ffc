#include "core/codec/reader.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/base/varint.h"

namespace weir::kafka {
namespace {

constexpr std::size_t uvarint_bytes_max = 5;
constexpr std::size_t owner_bytes = 64;  // what a copy takes besides its bytes

// What a chunked_vector takes for `count` elements of `size`: beyond one chunk it has whole ones.
std::size_t memory_of(std::size_t count, std::size_t size) {
  const std::size_t per_chunk = std::max<std::size_t>(1, std::bit_floor(chunk_bytes_max / size));
  if (count <= per_chunk) return count * size;
  const std::size_t chunks = (count + per_chunk - 1) / per_chunk;
  return chunks * (per_chunk * size + 2 * sizeof(void*));
}

}  // namespace

reader::reader(const fragments& frame)
    : frame_(&frame),
      beyond_(frame.size()),
      memory_left_(memory_floor + memory_factor * frame.size()) {
  if (beyond_ == 0) return;
  const auto& first = frame.pieces()[0];
  at_ = first.data();
  run_end_ = piece_end_ = at_ + first.size();
  beyond_ -= first.size();
}

void reader::fail(codec_error e) {
  if (!error_) error_ = e;
  run_end_ = at_;
  beyond_ = 0;
}

void reader::next_piece() {
  const auto& piece = frame_->pieces()[++piece_];
  const std::size_t open = std::min(piece.size(), beyond_);
  at_ = piece.data();
  run_end_ = at_ + open;
  piece_end_ = at_ + piece.size();
  beyond_ -= open;
}

void reader::gather(char* to, std::size_t count) {
  if (count > left()) return fail(codec_error::truncated);
  while (count > 0) {
    if (run() == 0) next_piece();
    const std::size_t step = std::min(count, run());
    std::memcpy(to, at_, step);
    at_ += step;
    to += step;
    count -= step;
  }
}

bool reader::charge(std::size_t count) {
  if (count > memory_left_) {
    fail(codec_error::too_much_memory);
    return false;
  }
  memory_left_ -= count;
  return true;
}

bytes reader::take(std::size_t count) {
  if (count == 0) return {};
  if (run() == 0) next_piece();
  if (count <= run()) {
    const auto& piece = frame_->pieces()[piece_];
    const auto from = static_cast<std::size_t>(at_ - piece.data());
    at_ += count;
    return piece.slice(from, count);
  }
  if (!charge(count + owner_bytes)) return {};
  std::string joined(count, '\0');
  gather(joined.data(), count);
  return bytes::from(std::move(joined));
}

std::uint32_t reader::uvarint() {
  if (run() > 0 && static_cast<unsigned char>(*at_) < 0x80) [[likely]] {
    return static_cast<unsigned char>(*at_++);
  }
  char group[uvarint_bytes_max];
  for (std::size_t i = 0; i < uvarint_bytes_max; ++i) {
    gather(&group[i], 1);
    if (!ok()) return 0;
    if ((group[i] & 0x80) != 0) continue;
    const auto read = get_uvarint({group, i + 1}, 32);
    if (!read) break;
    return static_cast<std::uint32_t>(read->value);
  }
  fail(codec_error::bad_varint);
  return 0;
}

std::optional<std::size_t> reader::length(bool flex, bool narrow, bool null_allowed) {
  const std::int64_t length = flex     ? std::int64_t{uvarint()} - 1
                              : narrow ? std::int64_t{int16()}
                                       : std::int64_t{int32()};
  if (!ok()) return std::nullopt;
  if (length == -1) {
    if (!null_allowed) fail(codec_error::null_not_allowed);
    return std::nullopt;
  }
  if (length < 0 || length > std::numeric_limits<std::int32_t>::max()) {
    fail(codec_error::bad_length);
    return std::nullopt;
  }
  return static_cast<std::size_t>(length);
}

std::optional<text> reader::nullable_string(bool flex, bool null_allowed) {
  const auto size = length(flex, true, null_allowed);
  if (!size) return std::nullopt;
  if (*size > string_size_max) fail(codec_error::bad_length);
  if (*size > left()) fail(codec_error::truncated);
  return ok() ? std::optional(text(take(*size))) : std::nullopt;
}

text reader::string(bool flex) {
  return nullable_string(flex, false).value_or(text());
}

std::optional<bytes> reader::nullable_byte_string(bool flex, bool null_allowed) {
  const auto size = length(flex, false, null_allowed);
  if (!size) return std::nullopt;
  if (*size > left()) fail(codec_error::truncated);
  return ok() ? std::optional(take(*size)) : std::nullopt;
}

bytes reader::byte_string(bool flex) {
  return nullable_byte_string(flex, false).value_or(bytes());
}

std::optional<fragments> reader::records(bool flex, bool null_allowed) {
  const auto size = length(flex, false, null_allowed);
  if (!size) return std::nullopt;
  if (*size > left()) fail(codec_error::truncated);
  if (!ok()) return std::nullopt;
  fragments taken;
  for (std::size_t wanted = *size; wanted > 0;) {
    if (run() == 0) next_piece();
    const std::size_t step = std::min(wanted, run());
    taken.append(take(step));
    wanted -= step;
  }
  return taken;
}

bool reader::present() {
  return int8() >= 0 && ok();
}

std::optional<std::size_t> reader::array_count(bool flex, std::size_t wire_min, std::size_t size,
                                               bool null_allowed) {
  const auto count = length(flex, false, null_allowed);
  if (!count) return std::nullopt;
  if (*count > left() / wire_min) {
    fail(codec_error::truncated);
    return std::nullopt;
  }
  if (!charge(memory_of(*count, size))) return std::nullopt;
  return count;
}

std::size_t reader::enter(std::size_t count) {
  const std::size_t outer = left() - count;
  if (count <= run()) {
    run_end_ = at_ + count;
    beyond_ = 0;
  } else {
    beyond_ = count - run();
  }
  return outer;
}

void reader::leave(std::size_t outer) {
  const std::size_t open = std::min(static_cast<std::size_t>(piece_end_ - at_), outer);
  run_end_ = at_ + open;
  beyond_ = outer - open;
}

bool tag_reader::next() {
  if (!from_.ok()) return false;
  if (done_ > 0) {
    if (from_.left() != 0) {
      from_.fail(codec_error::bad_tags);
      return false;
    }
    from_.leave(outer_);
  }
  if (done_ == count_) return false;
  const std::uint32_t tag = from_.uvarint();
  const std::uint32_t size = from_.uvarint();
  if (!from_.ok()) return false;
  if (done_ > 0 && tag <= tag_) {
    from_.fail(codec_error::bad_tags);
    return false;
  }
  if (size > from_.left()) {
    from_.fail(codec_error::truncated);
    return false;
  }
  tag_ = tag;
  ++done_;
  outer_ = from_.enter(size);
  return true;
}

void tag_reader::keep(unknown_tags& into) {
  // The list starts with room for four and doubles: all that it ever takes is below this.
  const std::size_t places = into.size() == 0 ? 5 : 4;
  if (from_.charge(places * sizeof(unknown_tags::field))) into.add(tag_, from_.take(from_.left()));
}

}  // namespace weir::kafka
