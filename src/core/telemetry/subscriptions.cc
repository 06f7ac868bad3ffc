#include "core/telemetry/subscriptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/base/crc32c.h"

namespace weir::telemetry {
namespace {

struct named_trait {
  std::string_view name;
  client_trait trait;
};
constexpr named_trait traits[] = {
    {"client_instance_id", client_trait::instance_id},
    {"client_id", client_trait::id},
    {"client_software_name", client_trait::software_name},
    {"client_software_version", client_trait::software_version},
    {"client_source_address", client_trait::source_address},
    {"client_source_port", client_trait::source_port},
};

std::string trait_of(const client& c, client_trait which) {
  switch (which) {
    case client_trait::instance_id:
      return c.instance.str();
    case client_trait::id:
      return c.id;
    case client_trait::software_name:
      return c.software_name;
    case client_trait::software_version:
      return c.software_version;
    case client_trait::source_address:
      return c.source_address;
    case client_trait::source_port:
      return std::to_string(c.source_port);
  }
  return {};
}

bool applies(const subscription& s, const client& c) {
  return std::ranges::all_of(s.matches,
                             [&](const match& m) { return m.pattern.matches(trait_of(c, m.of)); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::expected<std::vector<match>, std::string> parse_matches(std::span<const std::string> texts) {
  std::vector<match> all;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    const auto bad = [&] {
      return std::unexpected(fmt::format("Illegal client matching pattern: {}", text));
    };
    if (equals == text.npos) return bad();
    const auto name = trimmed(std::string_view(text).substr(0, equals));
    const auto* trait = std::ranges::find(traits, name, &named_trait::name);
    auto parsed = pattern::parse(trimmed(std::string_view(text).substr(equals + 1)));
    if (trait == std::end(traits) || !parsed) return bad();
    all.push_back({.of = trait->trait, .pattern = *std::move(parsed)});
  }
  return all;
}

view view_of(std::span<const subscription> all, const client& c) {
  std::set<std::string> names;
  auto interval = std::chrono::milliseconds::max();
  for (const auto& s : all) {
    if (!applies(s, c)) continue;
    names.insert(s.metrics.begin(), s.metrics.end());
    interval = std::min(interval, s.interval);
  }
  view out;
  out.interval = interval == std::chrono::milliseconds::max() ? interval_default : interval;
  if (names.contains("*")) {
    out.metrics.emplace_back();
  } else {
    out.metrics.assign(names.begin(), names.end());
  }
  std::string content = std::to_string(out.interval.count());
  for (const auto& name : out.metrics) content += '\n' + name;
  const auto mixed = c.instance.high ^ c.instance.low;
  out.id = static_cast<std::int32_t>(crc32c(content) ^ static_cast<std::uint32_t>(mixed) ^
                                     static_cast<std::uint32_t>(mixed >> 32));
  return out;
}

}  // namespace weir::telemetry
