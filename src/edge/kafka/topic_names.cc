#include "edge/kafka/topic_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::edge {

std::optional<std::string> topic_name_fault(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
  if (name == "." || name == "..")
    return fmt::format("Topic name is invalid: '{}' is not allowed", name);
  if (name.size() > topic_name_max) {
    return fmt::format(
        "Topic name is invalid: the length of '{}' is longer than the max allowed length {}", name,
        topic_name_max);
  }
  if (!std::ranges::all_of(name, plain)) {
    return fmt::format(
        "Topic name is invalid: '{}' contains one or more characters other than ASCII "
        "alphanumerics, '.', "
        "'_' and '-'",
        name);
  }
  return std::nullopt;
}

bool topic_names_collide(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return x == y || ((x == '.' || x == '_') && (y == '.' || y == '_'));
  };
  return std::ranges::equal(a, b, same);
}

}  // namespace weir::edge
