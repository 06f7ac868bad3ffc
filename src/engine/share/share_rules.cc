#include "engine/share/share_rules.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace weir {
namespace {

std::int64_t ms_of(char unit) {
  switch (unit) {
    case 'D':
      return 86'400'000;
    case 'H':
      return 3'600'000;
    case 'M':
      return 60'000;
    default:
      return 1'000;
  }
}

// Of days and less, as the option's check lets through (core/options/group_rules.cc). Too long a
// time ends at the largest.
std::optional<std::int64_t> duration_ms(std::string_view text) {
  if (text.empty() || (text.front() | 0x20) != 'p') return std::nullopt;
  text.remove_prefix(1);
  double sum = 0;
  bool any = false;
  while (!text.empty()) {
    if ((text.front() | 0x20) == 't') {
      text.remove_prefix(1);
      continue;
    }
    double number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (wrong != std::errc() || digits == text.size()) return std::nullopt;
    const char unit = static_cast<char>(text[digits] & ~0x20);
    if (std::string_view("DHMS").find(unit) == std::string_view::npos) return std::nullopt;
    sum += number * static_cast<double>(ms_of(unit));
    text.remove_prefix(digits + 1);
    any = true;
  }
  if (!any || sum < 0) return std::nullopt;
  constexpr auto most = std::numeric_limits<std::int64_t>::max() / 2;
  return sum >= static_cast<double>(most) ? most : static_cast<std::int64_t>(sum);
}

}  // namespace

std::optional<share_reset> parse_share_reset(std::string_view from) {
  constexpr std::string_view by_duration = "by_duration:";
  if (from == "latest") return share_reset{};
  if (from == "earliest") return share_reset{.from = share_reset::kind::earliest};
  if (!from.starts_with(by_duration)) return std::nullopt;
  const auto ms = duration_ms(from.substr(by_duration.size()));
  if (!ms) return std::nullopt;
  return share_reset{.from = share_reset::kind::before_now, .ms = *ms};
}

share_rules share_rules_of(const group_options& own) {
  share_rules out;
  out.deliveries.lock_duration_ms = static_cast<std::int32_t>(own.share_record_lock_ms.count());
  out.deliveries.deliveries_max = static_cast<std::int16_t>(
      std::min<std::int64_t>(own.share_deliveries_max, std::numeric_limits<std::int16_t>::max()));
  out.deliveries.records_in_flight_max = static_cast<std::int32_t>(own.share_record_locks_max);
  out.committed = own.share_isolation == share_isolation_choice::read_committed;
  out.renewal = own.share_renewal;
  out.reset = parse_share_reset(own.share_offset_reset).value_or(share_reset());
  return out;
}

}  // namespace weir
