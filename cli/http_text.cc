// What of HTTP is only text.
#include <algorithm>
#include <charconv>
#include <format>

#include "cli/http.h"

namespace weir::cli {

namespace {

constexpr std::string_view usual_port = "9644";

bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~").contains(c);
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto* end = text.data() + text.size();
  const auto [read, wrong] = std::from_chars(text.data(), end, port);
  return wrong == std::errc() && read == end && port > 0 && port < 65536;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The value of a header line, if the head has it.
std::optional<std::string_view> header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const auto end = head.find("\r\n", at + 2);
    auto line = head.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
    at = end;
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (!std::ranges::equal(line.substr(0, name.size()), name, {}, lower)) continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' ')) line.remove_prefix(1);
    return line;
  }
  return std::nullopt;
}

}  // namespace

std::expected<http_answer, std::string> read_answer(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.") || end == std::string_view::npos || text.size() < 12)
    return std::unexpected("that is no HTTP");
  http_answer out;
  const auto [read, wrong] = std::from_chars(text.data() + 9, text.data() + 12, out.status);
  if (wrong != std::errc() || read != text.data() + 12) return std::unexpected("that is no HTTP");
  out.body = text.substr(end + 4);
  if (const auto told = header(text.substr(0, end), "content-length")) {
    std::size_t size = 0;
    const auto all = std::from_chars(told->data(), told->data() + told->size(), size);
    if (all.ec != std::errc() || out.body.size() < size)
      return std::unexpected("the answer ended too early");
    out.body.resize(size);
  }
  return out;
}

std::optional<std::pair<std::string, std::string>> split_address(std::string_view text) {
  if (text.starts_with("http://")) text.remove_prefix(7);
  while (text.ends_with('/')) text.remove_suffix(1);
  std::string_view port = usual_port;
  // More than one colon without brackets: an IPv6 address alone.
  const auto colon = text.rfind(':');
  const bool bracket = text.starts_with('[');
  const bool has_port = colon != std::string_view::npos &&
                        (bracket ? colon > 0 && text[colon - 1] == ']' : text.find(':') == colon);
  if (has_port) {
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (bracket) {
    if (!text.ends_with(']')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty() || !is_port(port)) return std::nullopt;
  return std::pair(std::string(text), std::string(port));
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (plain(c)) {
      out += c;
    } else {
      out += std::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace weir::cli
