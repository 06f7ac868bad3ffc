#include "cli/http.h"

#include <cstdlib>
#include <format>

#include "cli/connection.h"
#include "cli/failure.h"

namespace weir::cli {

namespace {

// A broker waits for half a minute until it says that the cluster can't do it.
constexpr std::chrono::seconds change_patience{35};
constexpr std::size_t answer_bytes_max = 256U << 20;

// 1.0: the server closes when it has answered, and sends no chunks.
http_answer exchange(const std::string& address, const char* method, const std::string& path,
                     std::chrono::milliseconds timeout) {
  const auto at = split_address(address);
  if (!at) throw failure(std::format("'{}' is no address: write HOST:PORT", address), exit_usage);
  connection c(at->first, at->second, connection::clock::now() + timeout);
  c.send(std::format("{} {} HTTP/1.0\r\nHost: {}\r\nContent-Length: 0\r\n\r\n", method, path,
                     address));
  auto got = read_answer(c.receive_all(answer_bytes_max));
  if (!got) throw no_answer(got.error());
  return *std::move(got);
}

json body_of(const http_answer& got, const std::string& address) {
  const auto body = json::parse(got.body, nullptr, false);
  if (got.status == 200 && !body.is_discarded()) return body;
  if (body.is_object() && body.contains("error") && body["error"].is_string())
    throw failure(body["error"].get<std::string>());
  throw failure(
      std::format("{} answers {} and no JSON: is that the admin interface of a Weir broker?",
                  address, got.status));
}

}  // namespace

admin_client::admin_client(const settings& s, std::string addresses)
    : settings_(s), addresses_(std::move(addresses)) {
  if (!addresses_.empty()) return;
  const char* from_environment = std::getenv("WEIR_ADMIN");
  const bool given = from_environment != nullptr && *from_environment != '\0';
  addresses_ = given ? from_environment : "127.0.0.1:9644";
}

// Commands say what is wanted and not what to change, so that one may be carried out twice.
json admin_client::ask(const char* method, const std::string& path) const {
  const bool looks = std::string_view(method) == "GET";
  const auto timeout = looks || settings_.timeout_s ? settings_.timeout()
                                                    : std::chrono::milliseconds(change_patience);
  std::string why;
  for (std::size_t at = 0; at <= addresses_.size();) {
    const auto comma = std::min(addresses_.find(',', at), addresses_.size());
    const auto address = addresses_.substr(at, comma - at);
    at = comma + 1;
    try {
      return body_of(exchange(address, method, path, timeout), address);
    } catch (const no_answer& failed) {
      why += std::format("{}{}: {}", why.empty() ? "" : "; ", address, failed.what());
    }
  }
  throw failure(
      std::format("no admin interface answers ({}); name a broker's with --admin HOST:PORT", why));
}

}  // namespace weir::cli
