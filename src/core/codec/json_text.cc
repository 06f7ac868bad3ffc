#include "core/codec/json_text.h"

namespace weir::kafka {

void json_text::value(double v) {
  plain(fmt::format("{:.17g}", v));
}

void json_text::value(const bytes& v) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string coded;
  for (std::size_t i = 0; i < v.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < v.size() ? static_cast<unsigned char>(v.data()[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      coded += i + k > v.size() ? '=' : digits[group >> (18 - 6 * k) & 63];
    }
  }
  plain('"' + coded + '"');
}

void json_text::quoted(std::string_view v) {
  out_ += '"';
  for (const char c : v) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

}  // namespace weir::kafka
