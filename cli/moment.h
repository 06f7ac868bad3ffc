// Points in time as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cli {

// Milliseconds since 1970-01-01 UTC from either such a number or ISO-8601: a date, or a date and a
// time to the minute, second or fraction, with Z or ±HH:MM (UTC when there is none). Nothing for
// other text.
std::optional<std::int64_t> parse_moment(std::string_view text);

// 2013-01-01T05:15:00.000Z
std::string to_iso(std::int64_t epoch_ms);

}  // namespace weir::cli
