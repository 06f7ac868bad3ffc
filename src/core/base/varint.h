#pragma once
// Variable-length integers of Kafka's protocol: base-128 groups, least significant first; signed
// ones are zigzag.
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

inline constexpr std::size_t varint_size_max = 10;

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

constexpr std::size_t uvarint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
constexpr std::size_t varint_size(std::int64_t value) {
  return uvarint_size(zigzag(value));
}

// Writes at `to` (room for varint_size_max bytes) and returns how many were written.
constexpr std::size_t put_uvarint(char* to, std::uint64_t value) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) to[size++] = static_cast<char>(value | 0x80);
  to[size++] = static_cast<char>(value);
  return size;
}

struct uvarint_read {
  std::uint64_t value;
  std::size_t size;  // bytes used
};
// The number at the start of `from`, at most `bits` wide (32 or 64); nothing if it is cut off or
// too wide.
constexpr std::optional<uvarint_read> get_uvarint(std::string_view from, unsigned bits = 64) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < from.size() && i < varint_size_max; ++i) {
    const auto group = static_cast<unsigned char>(from[i]);
    const unsigned shift = 7 * static_cast<unsigned>(i);
    const std::uint64_t low = group & 0x7f;
    if (shift >= bits || (shift + 7 > bits && (low >> (bits - shift)) != 0)) return std::nullopt;
    value |= low << shift;
    if ((group & 0x80) == 0) return uvarint_read{value, i + 1};
  }
  return std::nullopt;
}

}  // namespace weir
