#include "cli/input.h"

#include <algorithm>
#include <format>
#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace weir::cli {

namespace {

using bytes_or_error = std::expected<std::optional<std::string>, std::string>;

// `name` or `name`_base64 of an object; null when neither is there.
bytes_or_error get_bytes(const nlohmann::json& object, const std::string& name) {
  if (const auto it = object.find(name); it != object.end()) {
    if (it->is_null()) return std::nullopt;
    if (it->is_string()) return it->get<std::string>();
    return it->dump();
  }
  const auto it = object.find(name + "_base64");
  if (it == object.end()) return std::nullopt;
  auto bytes = it->is_string() ? from_base64(it->get<std::string>()) : std::nullopt;
  if (!bytes) return std::unexpected(std::format("{}_base64 is not base64", name));
  return *bytes;
}

std::expected<void, std::string> read_headers(const nlohmann::json& list,
                                              std::vector<owned_header>& out) {
  if (!list.is_array()) return std::unexpected("headers is not an array");
  for (const auto& item : list) {
    if (!item.is_object()) return std::unexpected("a header is not an object");
    auto name = get_bytes(item, "name");
    auto value = get_bytes(item, "value");
    if (!name) return std::unexpected(name.error());
    if (!value) return std::unexpected(value.error());
    if (!*name) return std::unexpected("a header has no name");
    out.push_back({**name, *value});
  }
  return {};
}

std::expected<new_record, std::string> parse_json(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) return std::unexpected("not a JSON object");
  auto key = get_bytes(object, "key");
  if (!key) return std::unexpected(key.error());
  auto value = get_bytes(object, "value");
  if (!value) return std::unexpected(value.error());
  new_record out{*key, *value, {}, {}};
  if (const auto it = object.find("headers"); it != object.end()) {
    if (auto read = read_headers(*it, out.headers); !read) return std::unexpected(read.error());
  }
  if (const auto it = object.find("timestamp_ms"); it != object.end() && !it->is_null()) {
    if (!it->is_number_integer()) return std::unexpected("timestamp_ms is not a whole number");
    out.timestamp_ms = it->get<std::int64_t>();
  }
  return out;
}

}  // namespace

std::optional<std::string> record_splitter::next() {
  const std::size_t at = held_.find(delimiter_, scanned_);
  if (at == std::string::npos) {
    // The unfinished record moves to the front here alone, once per fed block and not once per
    // record.
    held_.erase(0, start_);
    start_ = 0;
    scanned_ = held_.size() - std::min(held_.size(), delimiter_.size() - 1);
    return std::nullopt;
  }
  std::string out = held_.substr(start_, at - start_);
  start_ = scanned_ = at + delimiter_.size();
  return out;
}

std::optional<std::string> record_splitter::last() {
  if (held_.size() == start_) return std::nullopt;
  std::string out = held_.substr(start_);
  held_.clear();
  start_ = scanned_ = 0;
  return out;
}

std::expected<new_record, std::string> parse_record(std::string text, const input_rules& rules) {
  new_record out;
  if (rules.json) {
    auto parsed = parse_json(text);
    if (!parsed) return parsed;
    out = std::move(*parsed);
    if (!out.key) out.key = rules.key;
  } else {
    out.key = rules.key;
    if (rules.key_separator) {
      const std::size_t at = text.find(*rules.key_separator);
      if (at == std::string::npos) {
        return std::unexpected(std::format("no key separator '{}' in it (-K says there is one)",
                                           *rules.key_separator));
      }
      out.key = text.substr(0, at);
      text.erase(0, at + rules.key_separator->size());
    }
    out.value = std::move(text);
  }
  if (rules.empty_is_null) {
    if (out.key && out.key->empty()) out.key.reset();
    if (out.value && out.value->empty()) out.value.reset();
  }
  out.headers.insert(out.headers.end(), rules.headers.begin(), rules.headers.end());
  return out;
}

}  // namespace weir::cli
