#pragma once
// For the tests of this room: bytes from hex, bytes in pieces, records written field by field so
// that they may be wrong.
#include <optional>
#include <string>
#include <string_view>

#include "core/base/varint.h"
#include "core/record/batches.h"
#include "core/record/compression.h"

namespace weir::record::testing {

inline std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return out;
}

// `all` in pieces of `size` bytes, each with memory of its own.
inline fragments in_pieces(std::string_view all, std::size_t size) {
  fragments out;
  for (std::size_t at = 0; at < all.size(); at += size) {
    out.append(bytes::copy(all.substr(at, size)));
  }
  return out;
}

inline std::string number(std::int64_t value) {
  char raw[varint_size_max];
  return {raw, put_uvarint(raw, zigzag(value))};
}
inline std::string field(std::optional<std::string_view> value) {
  return value ? number(static_cast<std::int64_t>(value->size())) + std::string(*value)
               : number(-1);
}
inline std::string sized(const std::string& contents) {
  return number(static_cast<std::int64_t>(contents.size())) + contents;
}
struct raw_record {
  std::int32_t offset_delta = 0;
  std::int64_t time_delta = 0;
  std::optional<std::string_view> key = "k";
  std::optional<std::string_view> value = "v";
  std::string headers = number(0);
};
inline std::string raw(const raw_record& r) {
  return sized(std::string(1, '\0') + number(r.time_delta) + number(r.offset_delta) + field(r.key) +
               field(r.value) + r.headers);
}

inline constexpr timestamp some_time{1'700'000'000'000};

// A batch of `count` records around `body`, packed with `type`, with a right CRC; `change` may
// spoil its header before that.
template <typename Change>
batch make_batch(std::string_view body, std::int32_t count, codec type, Change change) {
  batch_header header;
  header.attributes = static_cast<std::int16_t>(type);
  header.record_count = count;
  header.last_offset_delta = count - 1;
  header.base_timestamp = some_time;
  header.max_timestamp = some_time;
  change(header);
  batch made;
  made.all =
      assemble_batch(header, compress(type, levels_of(type).standard, fragments::copy(body)));
  made.header = *read_batch_header(made.all);
  return made;
}
inline batch make_batch(std::string_view body, std::int32_t count = 1, codec type = codec::none) {
  return make_batch(body, count, type, [](batch_header&) {});
}

}  // namespace weir::record::testing
