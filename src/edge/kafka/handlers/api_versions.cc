// ApiVersions (KIP-35, KIP-511): what this broker serves, and (but for Produce)
// nothing that it doesn't.
#include <algorithm>

#include "core/codec/api_versions.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"
#include "engine/cluster/features.h"

namespace weir::edge {
namespace {

// Of Produce, though nothing below 3 is served: Kafka tells the same since its 4.0, for librdkafka,
// which up to some version sends all batches uncompressed to brokers that don't tell version 0.
constexpr std::int16_t produce_told_since = 0;

// Letters, digits, dots and dashes, beginning and ending with a letter or digit (KIP-511).
bool valid_software_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || !plain(name.front()) || !plain(name.back())) return false;
  return std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-' || c == '.'; });
}

// Those of Kafka; Weir's own say nothing to clients.
void tell_features(const catalog::state& state, std::int16_t version,
                   kafka::api_versions_response& out) {
  out.finalized_features_epoch = state.features_epoch();
  for (const auto& f : features) {
    if (!f.kafkas) continue;
    // Clients of version 3 take a least level of 0 for an error (KIP-1022).
    if (version >= 4 || f.level_min > 0) {
      auto& supported = out.supported_features.emplace_back();
      supported.name = text(bytes::unowned(f.name));
      supported.min_version = f.level_min;
      supported.max_version = f.level_max;
    }
    const auto level = level_in_force(state, f);
    if (level == 0) continue;
    auto& finalized = out.finalized_features.emplace_back();
    finalized.name = text(bytes::unowned(f.name));
    finalized.max_version_level = level;
    finalized.min_version_level = level;
  }
}

}  // namespace

seastar::future<answer> api_versions(services& with, request r) {
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
  if (r.header.version >= 3) {
    r.client->software_name = asked.client_software_name.str();
    r.client->software_version = asked.client_software_version.str();
  }
  for (const auto& h : handlers()) {
    auto& served = out.api_keys.emplace_back();
    served.api_key = static_cast<std::int16_t>(h.key);
    served.min_version = h.key == kafka::api_key::produce ? produce_told_since : h.version_min;
    served.max_version = h.version_max;
  }
  tell_features(with.state.catalog(), r.header.version, out);
  co_return encode(r, out);
}

}  // namespace weir::edge
