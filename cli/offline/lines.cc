#include "cli/offline/lines.h"

#include "cli/moment.h"
#include "cli/offline/kinds.h"
#include "cli/text.h"

namespace weir::offline {
namespace {

constexpr std::size_t shown_max = 4096;

void put_bytes(nlohmann::ordered_json& into, const std::string& name,
               std::optional<std::string_view> value) {
  if (!value) {
    into[name] = nullptr;
  } else if (cli::is_utf8(*value)) {
    into[name] = *value;
  } else {
    into[name + "_base64"] = cli::to_base64(*value);
  }
}

std::string in_words(std::optional<std::string_view> value) {
  return value ? '"' + readable(*value, shown_max) + '"' : "null";
}

}  // namespace

line& line::time(const char* name, std::int64_t ms) {
  // What a damaged file or a client says may be no time of any calendar.
  constexpr std::int64_t year_9999 = 253'402'300'799'999;
  const bool date = ms >= 0 && ms <= year_9999;
  words_ += std::string("  ") + name + ' ' +
            (ms == -1 ? "none"
             : date   ? cli::to_iso(ms)
                      : std::to_string(ms) + " ms");
  json_[std::string(name) + "_ms"] = ms;
  return *this;
}

line& line::bytes(const char* name, std::optional<std::string_view> value) {
  words_ += std::string("  ") + name + ' ' + in_words(value);
  put_bytes(json_, name, value);
  return *this;
}

line& line::bytes(nlohmann::ordered_json& list, std::string_view name,
                  std::optional<std::string_view> value) {
  words_ += "  header " + readable(name, shown_max) + '=' + in_words(value);
  auto& one = list.emplace_back(nlohmann::ordered_json::object());
  put_bytes(one, "name", name);
  put_bytes(one, "value", value);
  return *this;
}

std::string line::text(bool as_json, int depth) const {
  // Names in our own files are replaced where they aren't UTF-8, never thrown over.
  if (as_json) return json_.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return std::string(static_cast<std::size_t>(depth) * 2, ' ') + json_["what"].get<std::string>() +
         words_;
}

}  // namespace weir::offline
