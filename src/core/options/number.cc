#include "core/options/number.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>

namespace weir {
namespace {

struct unit {
  std::string_view name;
  std::int64_t factor;
};

// The largest first; those after the empty name are read but never written.
constexpr unit sizes[] = {{"TiB", 1LL << 40},
                          {"GiB", 1LL << 30},
                          {"MiB", 1LL << 20},
                          {"KiB", 1LL << 10},
                          {"", 1},
                          {"B", 1},
                          {"T", 1LL << 40},
                          {"G", 1LL << 30},
                          {"M", 1LL << 20},
                          {"K", 1LL << 10}};
constexpr unit times[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000},
                          {"ms", 1},         {"", 1},          {"m", 60'000}};

std::span<const unit> units_of(const option_descriptor& option) {
  if (option.type == option_type::bytes) return sizes;
  if (option.type == option_type::duration) return times;
  return {};
}

// "1.5" times `factor` where that is whole and fits; exact, in integers.
std::optional<std::int64_t> scaled(std::string_view digits, std::int64_t factor) {
  const auto dot = digits.find('.');
  const auto whole = parse_plain(digits.substr(0, dot));
  std::int64_t out = 0;
  if (!whole || __builtin_mul_overflow(*whole, factor, &out)) return std::nullopt;
  if (dot == digits.npos) return out;
  const auto tail = digits.substr(dot + 1);
  if (tail.empty() || tail.size() > 3 || tail.find_first_not_of("0123456789") != tail.npos) {
    return std::nullopt;
  }
  std::int64_t parts = 1;
  for (std::size_t i = 0; i < tail.size(); ++i) parts *= 10;
  // At most 999 * 2^40: no overflow.
  const std::int64_t fraction = *parse_plain(tail) * factor;
  if (fraction % parts != 0) return std::nullopt;
  const bool below_zero = digits.starts_with('-');
  const std::int64_t add = below_zero ? -(fraction / parts) : fraction / parts;
  if (__builtin_add_overflow(out, add, &out)) return std::nullopt;
  return out;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> parse_plain(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_with_unit(const option_descriptor& option,
                                            std::string_view text) {
  for (const auto& word : option.words) {
    if (word.word == text) return word.number;
  }
  const auto letters = text.find_first_not_of("0123456789.+-");
  if (letters == text.npos) return parse_plain(text);
  const auto name = trim(text.substr(letters));
  for (const auto& unit : units_of(option)) {
    if (unit.name == name) return scaled(trim(text.substr(0, letters)), unit.factor);
  }
  return std::nullopt;
}

std::string format_with_unit(const option_descriptor& option, std::int64_t value) {
  for (const auto& word : option.words) {
    if (word.number == value) return std::string(word.word);
  }
  for (const auto& unit : units_of(option)) {
    if (value == 0 && unit.factor != 1) continue;
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  }
  return fmt::format("{}", value);
}

bool fits(std::int64_t value, unsigned bits) {
  if (bits >= 64) return true;
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

}  // namespace weir
