#pragma once
// What a connection knows of the client behind it, as far as the client said.
#include <chrono>
#include <cstdint>
#include <set>
#include <string>

#include "core/share/sessions.h"

namespace weir::edge {

struct client_facts {
  std::string address;
  std::uint16_t port = 0;
  // From ApiVersions (KIP-511); empty until it came, or for ever.
  std::string software_name;
  std::string software_version;
  // When it connected.
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  // Of the broker's connections: which.
  std::uint64_t connection = 0;
  // Members of share groups whose sessions end with the connection.
  std::set<share::session_key> share_members;
};

}  // namespace weir::edge
