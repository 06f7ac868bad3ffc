// ApiVersions (KIP-35, KIP-511): what this broker serves, and nothing that it doesn't.
#include <algorithm>

#include "core/codec/api_versions.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

// Letters, digits, dots and dashes, beginning and ending with a letter or digit (KIP-511).
bool valid_software_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || !plain(name.front()) || !plain(name.back())) return false;
  return std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-' || c == '.'; });
}

// What clients may count on beside the APIs' versions (KIP-584), once what it is about is served.
struct feature {
  std::string_view name;
  std::int16_t level_max;
  kafka::api_key shown_by;
};
constexpr feature features[] = {
    {"group.version", 1, kafka::api_key::consumer_group_heartbeat},
    {"transaction.version", 2, kafka::api_key::end_txn},
};

void tell_features(std::int16_t version, kafka::api_versions_response& out) {
  // Older clients can't read a feature that may be at level 0 (KAFKA-17492).
  static constexpr std::int16_t reads_level_zero_since = 4;
  for (const auto& f : features) {
    if (!find_handler(static_cast<std::int16_t>(f.shown_by))) continue;
    if (version >= reads_level_zero_since) {
      auto& supported = out.supported_features.emplace_back();
      supported.name = text::unowned(f.name);
      supported.max_version = f.level_max;
    }
    auto& finalized = out.finalized_features.emplace_back();
    finalized.name = text::unowned(f.name);
    finalized.min_version_level = finalized.max_version_level = f.level_max;
  }
}

}  // namespace

seastar::future<answer> api_versions(services&, request r) {
  kafka::api_versions_response out;
  const auto* api = find_handler(r.header.key);
  if (r.header.version > api->version_max || r.header.version < api->version_min) {
    // A client newer than this broker: told in version 0, which every client reads, what version it
    // may ask in.
    r.header.version = 0;
    out.error = kafka::error_code::unsupported_version;
    auto& own = out.api_keys.emplace_back();
    own.api_key = r.header.key;
    own.min_version = api->version_min;
    own.max_version = api->version_max;
    co_return encode(r, out);
  }
  const auto asked = decode<kafka::api_versions_request>(r);
  if (r.header.version >= 3 && (!valid_software_name(asked.client_software_name.view()) ||
                                !valid_software_name(asked.client_software_version.view()))) {
    out.error = kafka::error_code::invalid_request;
    co_return encode(r, out);
  }
  for (const auto& h : handlers()) {
    auto& served = out.api_keys.emplace_back();
    served.api_key = static_cast<std::int16_t>(h.key);
    served.min_version = h.version_min;
    served.max_version = h.version_max;
  }
  tell_features(r.header.version, out);
  out.finalized_features_epoch = 0;
  co_return encode(r, out);
}

}  // namespace weir::edge
