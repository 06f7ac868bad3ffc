#include "edge/admin/routes.h"

#include <charconv>

namespace weir::edge {

using nlohmann::json;

http_reply answer(http_reply r, const json& body, http_status code) {
  r->set_status(code);
  // A topic's name can be trusted, what a client or a file once said can't.
  r->write_body("json", body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
  return r;
}

void route(seastar::httpd::routes& to, seastar::httpd::operation_type method,
           const std::string& path, json_handler make) {
  auto* handler = new seastar::httpd::function_handler(
      // The handler owns the lambda and outlives its calls.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      [make = std::move(make)](http_request q, http_reply r) -> seastar::future<http_reply> {
        std::string failed;
        auto code = http_status::internal_server_error;
        json body;
        try {
          body = co_await make(*q);
        } catch (const seastar::httpd::base_exception& e) {
          failed = e.what();
          code = e.status();
        } catch (const std::exception& e) {
          failed = e.what();
        }
        if (!failed.empty()) co_return answer(std::move(r), {{"error", failed}}, code);
        co_return answer(std::move(r), body);
      },
      "json");
  if (!path.contains('{')) {
    to.add(method, seastar::httpd::url(path), handler);
    return;
  }
  auto* rule = new seastar::httpd::match_rule(handler);
  for (std::size_t at = 0; at < path.size();) {
    const auto open = path.find("/{", at);
    if (open != at) rule->add_str(path.substr(at, open - at));
    if (open == std::string::npos) break;
    const auto close = path.find('}', open);
    rule->add_param(path.substr(open + 2, close - open - 2));
    at = close + 1;
  }
  to.add(rule, method);
}

std::string path_value(const seastar::http::request& asked, const char* name) {
  const std::string value(asked.get_path_param(name));
  return value.starts_with('/') ? value.substr(1) : value;
}

std::int32_t number_of(const std::string& text, const char* what) {
  std::int32_t n = -1;
  const auto* end = text.data() + text.size();
  const auto [read, wrong] = std::from_chars(text.data(), end, n);
  if (wrong == std::errc() && read == end && n >= 0) return n;
  if (text.empty()) throw seastar::httpd::bad_request_exception(fmt::format("{} is missing", what));
  throw seastar::httpd::bad_request_exception(
      fmt::format("{} is a number from 0 on, not '{}'", what, text));
}

}  // namespace weir::edge
