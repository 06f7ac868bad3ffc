#pragma once
// Whole numbers of options: plain ones as Kafka writes them, and with a unit or as a word.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/options/descriptor.h"

namespace weir {

// Without the spaces and control characters at both ends.
std::string_view trim(std::string_view text);

// Decimal digits with an optional sign, as 64 bits; nothing for other text or more.
std::optional<std::int64_t> parse_plain(std::string_view text);
// Also takes the option's words, and the units of bytes (B KiB MiB GiB TiB) or durations (ms s m
// min h d), with a fraction where the result is whole: 1.5GiB.
std::optional<std::int64_t> parse_with_unit(const option_descriptor& option, std::string_view text);
// A word if one stands for it, else the largest unit that divides it: 64KiB, 90min, 0ms.
std::string format_with_unit(const option_descriptor& option, std::int64_t value);

// Whether a signed number of `bits` can hold it.
bool fits(std::int64_t value, unsigned bits);

}  // namespace weir
