#include "cli/format.h"

#include <format>
#include <nlohmann/json.hpp>

#include "cli/moment.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

constexpr std::string_view known_fields = "tpoeTIkvsKVSh";

void put_bytes(nlohmann::ordered_json& into, const std::string& name,
               const std::optional<std::string_view>& bytes) {
  if (!bytes) {
    into[name] = nullptr;
  } else if (is_utf8(*bytes)) {
    into[name] = *bytes;
  } else {
    into[name + "_base64"] = to_base64(*bytes);
  }
}

std::int64_t length(const std::optional<std::string_view>& bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

}  // namespace

std::expected<record_format, std::string> record_format::parse(std::string_view text,
                                                               std::string null_text) {
  record_format out;
  out.null_text_ = std::move(null_text);
  // Percent signs are split off first, so that what an escape makes is never taken for a
  // placeholder.
  while (!text.empty()) {
    const std::size_t percent = std::min(text.find('%'), text.size());
    auto literal = unescape(text.substr(0, percent));
    if (!literal) return std::unexpected(literal.error());
    piece next{std::move(*literal), 0};
    text.remove_prefix(percent);
    if (!text.empty()) {
      if (text.size() < 2) return std::unexpected("a lone % at the end; write %% for one");
      if (text[1] == '%') {
        next.literal += '%';
      } else if (known_fields.contains(text[1])) {
        next.field = text[1];
      } else {
        return std::unexpected(
            std::format("%{} is not known; use %t %p %o %e %T %I %k %v %K %V %h or %%", text[1]));
      }
      text.remove_prefix(2);
    }
    out.pieces_.push_back(std::move(next));
  }
  return out;
}

void record_format::write(const record_view& record, std::string& out) const {
  for (const auto& piece : pieces_) {
    out += piece.literal;
    if (piece.field != 0) write_field(piece.field, record, out);
  }
}

void record_format::write_field(char field, const record_view& record, std::string& out) const {
  switch (field) {
    case 't':
      out += record.topic;
      break;
    case 'p':
      out += std::to_string(record.partition);
      break;
    case 'o':
      out += std::to_string(record.offset);
      break;
    case 'e':
      out += std::to_string(record.leader_epoch);
      break;
    case 'T':
      out += std::to_string(record.timestamp_ms.value_or(-1));
      break;
    case 'I':
      out += record.timestamp_ms ? to_iso(*record.timestamp_ms) : null_text_;
      break;
    case 'k':
      out += record.key.value_or(null_text_);
      break;
    case 'v':
    case 's':
      out += record.value.value_or(null_text_);
      break;
    case 'K':
      out += std::to_string(length(record.key));
      break;
    case 'V':
    case 'S':
      out += std::to_string(length(record.value));
      break;
    case 'h':
      for (const auto& header : record.headers) {
        if (&header != &record.headers.front()) out += ',';
        out += header.name;
        out += '=';
        out += header.value.value_or(null_text_);
      }
      break;
    default:
      break;  // parse lets no other through
  }
}

void write_json(const record_view& record, std::string& out) {
  nlohmann::ordered_json json;
  json["topic"] = record.topic;
  json["partition"] = record.partition;
  json["offset"] = record.offset;
  if (record.leader_epoch >= 0) json["leader_epoch"] = record.leader_epoch;
  if (record.timestamp_ms) {
    json["timestamp_ms"] = *record.timestamp_ms;
    json["timestamp_type"] = record.log_append_time ? "append" : "create";
  }
  put_bytes(json, "key", record.key);
  put_bytes(json, "value", record.value);
  auto& headers = json["headers"] = nlohmann::ordered_json::array();
  for (const auto& header : record.headers) {
    nlohmann::ordered_json one;
    put_bytes(one, "name", header.name);
    put_bytes(one, "value", header.value);
    headers.push_back(std::move(one));
  }
  out += json.dump();
  out += '\n';
}

}  // namespace weir::cli
