#include "core/base/uuid.h"

namespace weir {
namespace {

constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t text_size = 22;  // 128 bits in groups of six, the last one of two

}  // namespace

std::string uuid::str() const {
  std::string out;
  out.reserve(text_size);
  // 126 bits from the top in groups of six, then the last two bits padded with zeros.
  for (int shift = 122; shift >= 0; shift -= 6) {
    const std::uint64_t group = shift >= 64  ? high >> (shift - 64)
                                : shift > 58 ? (high << (64 - shift)) | (low >> shift)
                                             : low >> shift;
    out.push_back(digits[group & 63]);
  }
  out.push_back(digits[(low << 4) & 63]);
  return out;
}

std::optional<uuid> uuid::parse(std::string_view base64) {
  if (base64.size() != text_size) return std::nullopt;
  uuid id;
  for (std::size_t i = 0; i < text_size; ++i) {
    const auto digit = digits.find(base64[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    const unsigned bits = i + 1 == text_size ? 2 : 6;
    id.high = (id.high << bits) | (id.low >> (64 - bits));
    id.low = (id.low << bits) | (bits == 2 ? digit >> 4 : digit);
  }
  return id;
}

uuid uuid::from_random(std::uint64_t a, std::uint64_t b) {
  return {(a & ~0xf000ULL) | 0x4000ULL, (b & ~(3ULL << 62)) | (2ULL << 62)};
}

}  // namespace weir
