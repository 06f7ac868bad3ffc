#include "core/codec/writer.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/codec/reader.h"

namespace weir::kafka {
namespace {

constexpr std::size_t block_bytes_min = 256;

}  // namespace

class writer::block final : public bytes_owner {
 public:
  explicit block(std::size_t size)
      : memory_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {}
  [[nodiscard]] char* begin() const { return memory_.get(); }
  [[nodiscard]] char* end() const { return memory_.get() + size_; }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
};

writer::writer(std::size_t expected)
    : next_size_(std::clamp(expected, block_bytes_min, block_bytes_max)) {}

writer::~writer() {
  if (block_) block_->drop();
}

void writer::flush() {
  if (pending() == 0) return;
  out_.append(bytes::owned({flushed_, pending()}, block_));
  flushed_ = at_;
}

void writer::next_block() {
  flush();
  if (block_) block_->drop();
  block_ = new block(next_size_);
  flushed_ = at_ = block_->begin();
  end_ = block_->end();
  next_size_ = std::min(next_size_ * 2, block_bytes_max);
}

fragments writer::take() {
  flush();
  return std::exchange(out_, {});
}

std::expected<void, codec_error> writer::status() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

void writer::raw(std::string_view v) {
  while (!v.empty()) {
    if (at_ == end_) next_block();
    const std::size_t step = std::min(v.size(), static_cast<std::size_t>(end_ - at_));
    std::memcpy(at_, v.data(), step);
    at_ += step;
    v.remove_prefix(step);
  }
}

void writer::raw(const fragments& v) {
  if (v.empty()) return;
  flush();
  out_.append(v);
}

void writer::uvarint(std::uint32_t v) {
  char* to = room(varint_size_max);
  at_ += put_uvarint(to, v);
}

void writer::length(std::size_t count, bool flex) {
  if (count > std::numeric_limits<std::int32_t>::max()) return fail(codec_error::bad_length);
  if (flex) {
    uvarint(static_cast<std::uint32_t>(count) + 1);
  } else {
    int32(static_cast<std::int32_t>(count));
  }
}

void writer::null_length(bool flex, bool null_allowed) {
  if (!null_allowed) fail(codec_error::null_not_allowed);
  if (flex) {
    uvarint(0);
  } else {
    int32(-1);
  }
}

void writer::array(std::size_t count, bool flex) {
  length(count, flex);
}

void writer::array_null(bool flex, bool null_allowed) {
  null_length(flex, null_allowed);
}

void writer::string(const text& v, bool flex) {
  if (v.size() > reader::string_size_max) return fail(codec_error::bad_length);
  if (flex) {
    uvarint(static_cast<std::uint32_t>(v.size()) + 1);
  } else {
    int16(static_cast<std::int16_t>(v.size()));
  }
  raw(v.view());
}

void writer::nullable_string(const std::optional<text>& v, bool flex, bool null_allowed) {
  if (v) return string(*v, flex);
  if (!null_allowed) fail(codec_error::null_not_allowed);
  if (flex) {
    uvarint(0);
  } else {
    int16(-1);
  }
}

void writer::byte_string(const bytes& v, bool flex) {
  length(v.size(), flex);
  if (v.size() < shared_bytes_min) return raw(v.view());
  flush();
  out_.append(v);
}

void writer::nullable_byte_string(const std::optional<bytes>& v, bool flex, bool null_allowed) {
  if (v) return byte_string(*v, flex);
  null_length(flex, null_allowed);
}

void writer::records(const std::optional<fragments>& v, bool flex, bool null_allowed) {
  if (!v) return null_length(flex, null_allowed);
  length(v->size(), flex);
  raw(*v);
}

void unknown_writer::put(const unknown_tags::field& f) {
  to_.uvarint(f.tag);
  to_.uvarint(static_cast<std::uint32_t>(f.value.size()));
  to_.raw(f.value.view());
}

}  // namespace weir::kafka
