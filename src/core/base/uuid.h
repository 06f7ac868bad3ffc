#pragma once
// A 128-bit id: topics, directories, brokers, the cluster (KIP-516). Text form is Kafka's: URL-safe
// base64, 22 characters.
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/text.h"

namespace weir {

struct uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const uuid&) const = default;
  [[nodiscard]] bool is_zero() const { return high == 0 && low == 0; }
  [[nodiscard]] std::string str() const;
  static std::optional<uuid> parse(std::string_view base64);
  // A version 4 id from 128 random bits that the caller drew.
  static uuid from_random(std::uint64_t a, std::uint64_t b);

  template <typename H>
  friend H AbslHashValue(H h, const uuid& u) {
    return H::combine(std::move(h), u.high, u.low);
  }
};

}  // namespace weir

template <>
struct fmt::formatter<weir::uuid> : fmt::formatter<std::string_view> {
  auto format(const weir::uuid& u, fmt::format_context& ctx) const {
    return fmt::formatter<std::string_view>::format(u.str(), ctx);
  }
};
