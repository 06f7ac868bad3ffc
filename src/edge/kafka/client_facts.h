#pragma once
// What a connection knows of the client behind it, as far as the client said.
#include <cstdint>
#include <string>

namespace weir::edge {

struct client_facts {
  std::string address;
  std::uint16_t port = 0;
  // From ApiVersions (KIP-511); empty until it came, or for ever.
  std::string software_name;
  std::string software_version;
};

}  // namespace weir::edge
