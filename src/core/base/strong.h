#pragma once
// Strong types for numbers that must not be mixed up: an offset is not an index, a term is not an
// epoch.
#include <fmt/format.h>

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>

namespace weir {

template <typename Tag, std::integral Rep>
class strong {
 public:
  using rep = Rep;

  constexpr strong() = default;
  explicit constexpr strong(Rep value) : value_(value) {}

  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const strong&) const = default;

  constexpr strong& operator++() {
    ++value_;
    return *this;
  }
  constexpr strong& operator+=(Rep by) {
    value_ += by;
    return *this;
  }
  friend constexpr strong operator+(strong a, Rep by) {
    return strong(static_cast<Rep>(a.value_ + by));
  }
  friend constexpr strong operator-(strong a, Rep by) {
    return strong(static_cast<Rep>(a.value_ - by));
  }
  friend constexpr Rep operator-(strong a, strong b) {
    return static_cast<Rep>(a.value_ - b.value_);
  }

  template <typename H>
  friend H AbslHashValue(H h, const strong& s) {
    return H::combine(std::move(h), s.value_);
  }

 private:
  Rep value_{};
};

}  // namespace weir

template <typename Tag, std::integral Rep>
struct std::hash<weir::strong<Tag, Rep>> {
  std::size_t operator()(weir::strong<Tag, Rep> s) const noexcept {
    return std::hash<Rep>{}(s.value());
  }
};

template <typename Tag, std::integral Rep>
struct fmt::formatter<weir::strong<Tag, Rep>> : fmt::formatter<Rep> {
  auto format(weir::strong<Tag, Rep> s, fmt::format_context& ctx) const {
    return fmt::formatter<Rep>::format(s.value(), ctx);
  }
};
