#include "core/group/coordinator_partition.h"

#include <limits>

namespace weir::group {
namespace {

constexpr std::uint32_t replacement = 0xfffd;

struct code_point {
  std::uint32_t value = replacement;
  std::size_t bytes = 1;
};

// What a lead byte says of its sequence: how many bytes follow, its own bits, and where the second
// byte must lie (no overlong forms, no surrogates, nothing above U+10FFFF).
struct lead {
  std::size_t follow = 0;
  std::uint32_t bits = 0;
  unsigned second_min = 0x80;
  unsigned second_max = 0xbf;
};

lead lead_of(unsigned char c) {
  if (c >= 0xc2 && c <= 0xdf) return {.follow = 1, .bits = c & 0x1fU};
  if (c == 0xe0) return {.follow = 2, .bits = 0, .second_min = 0xa0};
  if (c == 0xed) return {.follow = 2, .bits = 0xd, .second_max = 0x9f};
  if (c >= 0xe1 && c <= 0xef) return {.follow = 2, .bits = c & 0xfU};
  if (c == 0xf0) return {.follow = 3, .bits = 0, .second_min = 0x90};
  if (c >= 0xf1 && c <= 0xf3) return {.follow = 3, .bits = c & 7U};
  if (c == 0xf4) return {.follow = 3, .bits = 4, .second_max = 0x8f};
  return {};
}

// The first one of `from`, which is not empty.
code_point next(std::string_view from) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(from[i]); };
  if (at(0) < 0x80) return {.value = at(0)};
  const auto l = lead_of(at(0));
  if (l.follow == 0) return {};
  code_point out{.value = l.bits};
  for (std::size_t i = 1; i <= l.follow; ++i) {
    const auto low = i == 1 ? l.second_min : 0x80U;
    const auto high = i == 1 ? l.second_max : 0xbfU;
    if (i == from.size() || at(i) < low || at(i) > high) return {.value = replacement, .bytes = i};
    out.value = (out.value << 6U) | (at(i) & 0x3fU);
    out.bytes = i + 1;
  }
  return out;
}

}  // namespace

std::int32_t java_hash(std::string_view name) {
  std::uint32_t hash = 0;
  const auto add = [&](std::uint32_t unit) { hash = 31 * hash + unit; };
  while (!name.empty()) {
    const auto c = next(name);
    name.remove_prefix(c.bytes);
    if (c.value < 0x10000) {
      add(c.value);
    } else {
      add(0xd800 + ((c.value - 0x10000) >> 10U));
      add(0xdc00 + ((c.value - 0x10000) & 0x3ffU));
    }
  }
  return static_cast<std::int32_t>(hash);
}

std::int32_t coordinator_partition(std::string_view name, std::int32_t partitions) {
  const auto hash = java_hash(name);
  // The one number without a positive counterpart: Kafka makes it 0.
  if (hash == std::numeric_limits<std::int32_t>::min()) return 0;
  return (hash < 0 ? -hash : hash) % partitions;
}

}  // namespace weir::group
