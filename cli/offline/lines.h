#pragma once
// A line of a dump: named values, printed as words or as JSON.
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cli/offline/dump.h"
#include "core/base/strong.h"

namespace weir::offline {

class line {
 public:
  explicit line(std::string_view what) { json_["what"] = what; }

  template <typename Tag, typename Rep>
  line& add(const char* name, strong<Tag, Rep> value) {
    return put(name, value.value());
  }
  line& add(const char* name, std::integral auto value) { return put(name, value); }
  line& add(const char* name, std::string_view value) { return put(name, std::string(value)); }
  // Milliseconds since 1970; -1 is none.
  line& time(const char* name, std::int64_t ms);
  // Bytes of a client: the name gets "_base64" in JSON where they are not UTF-8.
  line& bytes(const char* name, std::optional<std::string_view> value);
  line& bytes(nlohmann::ordered_json& list, std::string_view name,
              std::optional<std::string_view> value);
  nlohmann::ordered_json& list(const char* name) {
    return json_[name] = nlohmann::ordered_json::array();
  }
  // Indented by `depth` steps in words.
  [[nodiscard]] std::string text(bool as_json, int depth = 0) const;

 private:
  template <typename Value>
  line& put(const char* name, Value value) {
    words_ += "  ";
    words_ += name;
    words_ += ' ';
    if constexpr (std::is_same_v<Value, bool>) {
      words_ += value ? "yes" : "no";
    } else if constexpr (std::is_same_v<Value, std::string>) {
      words_ += value;
    } else {
      words_ += std::to_string(value);
    }
    json_[name] = std::move(value);
    return *this;
  }

  nlohmann::ordered_json json_;
  std::string words_;
};

// Where a dump writes, and what was asked for.
struct dump_to {
  const dump_order& order;
  const std::function<void(const std::string&)>& out;
  std::uint64_t shown = 0;

  void operator()(const line& l, int depth = 0) const { out(l.text(order.as_json, depth)); }
  // Counts an item; false: enough were shown.
  bool item() { return !order.count || shown++ < *order.count; }
};

bool dump_segment(const source_ptr& file, dump_to& to);
bool dump_journal(const source_ptr& file, dump_to& to);

}  // namespace weir::offline
