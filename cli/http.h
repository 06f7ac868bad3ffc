// Requests to a broker's admin interface: HTTP with a JSON answer, one connection each.
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "cli/settings.h"

namespace weir::cli {

struct http_answer {
  int status = 0;
  std::string body;
};

// Of everything that the server sent until it closed the connection; else what is wrong with it.
std::expected<http_answer, std::string> read_answer(std::string_view text);

// "host:port", "[::1]:port" or "host" with the admin interface's usual port; nothing: no address.
std::optional<std::pair<std::string, std::string>> split_address(std::string_view text);

class admin_client {
 public:
  // `s` must outlive it. `addresses`: HOST:PORT,… ; empty: $WEIR_ADMIN, else 127.0.0.1:9644.
  admin_client(const settings& s, std::string addresses);

  // The answer's JSON. Throws the failure that says what the broker said, or that none answers.
  json ask(const char* method, const std::string& path) const;

 private:
  const settings& settings_;
  std::string addresses_;
};

// For a path or a query: all but letters, digits, '-', '.', '_' and '~' as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace weir::cli
