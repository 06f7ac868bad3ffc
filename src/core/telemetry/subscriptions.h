#pragma once
// Which clients are to push which of their metrics, and how often (KIP-714). Each subscription is a
// config resource; a client gets all that match it together.
#include <chrono>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/uuid.h"
#include "core/telemetry/pattern.h"

namespace weir::telemetry {

// What of a client a subscription may look at.
enum class client_trait : std::uint8_t {
  instance_id,
  id,
  software_name,
  software_version,
  source_address,
  source_port,
};

struct client {
  uuid instance;
  std::string id;
  std::string software_name;
  std::string software_version;
  std::string source_address;
  std::uint16_t source_port = 0;
};

struct match {
  client_trait of;
  pattern pattern;
};
// `client_id=app-.*` and so on; an error is the whole message.
std::expected<std::vector<match>, std::string> parse_matches(std::span<const std::string> texts);

struct subscription {
  std::vector<std::string> metrics;  // beginnings of names; "*" is all
  std::chrono::milliseconds interval;
  std::vector<match> matches;  // all of them have to
};

// What one client is told.
struct view {
  std::vector<std::string> metrics;  // an empty name: all
  std::chrono::milliseconds interval;
  std::int32_t id = 0;  // the same for the same content, whichever broker is asked
  bool operator==(const view&) const = default;
};
view view_of(std::span<const subscription> all, const client& c);

inline constexpr std::chrono::milliseconds interval_default{300'000};

}  // namespace weir::telemetry
