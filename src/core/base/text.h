#pragma once
// A string that may be a view into a received frame: shared and immutable like `bytes`.
#include <fmt/format.h>

#include <compare>
#include <string>
#include <string_view>

#include "core/base/bytes.h"

namespace weir {

class text {
 public:
  text() = default;
  text(const char* literal) : bytes_(bytes::unowned(literal)) {}  // NOLINT: literals read as text
  text(std::string value) : bytes_(bytes::from(std::move(value))) {}  // NOLINT
  explicit text(bytes b) : bytes_(std::move(b)) {}
  static text copy(std::string_view view) { return text(bytes::copy(view)); }
  static text unowned(std::string_view view) { return text(bytes::unowned(view)); }

  [[nodiscard]] std::string_view view() const { return bytes_.view(); }
  operator std::string_view() const { return view(); }  // NOLINT: a text is readable as a view
  [[nodiscard]] std::string str() const { return std::string(view()); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  friend bool operator==(const text& a, const text& b) { return a.view() == b.view(); }
  friend auto operator<=>(const text& a, const text& b) { return a.view() <=> b.view(); }
  friend bool operator==(const text& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const text& a, const char* b) { return a.view() == b; }

  template <typename H>
  friend H AbslHashValue(H h, const text& t) {
    return H::combine(std::move(h), t.view());
  }

 private:
  bytes bytes_;
};

}  // namespace weir

template <>
struct fmt::formatter<weir::text> : fmt::formatter<std::string_view> {
  auto format(const weir::text& t, fmt::format_context& ctx) const {
    return fmt::formatter<std::string_view>::format(t.view(), ctx);
  }
};
