#include "core/options/taken.h"

#include <algorithm>

namespace weir {

std::size_t choice_index(option_id id, std::string_view text) {
  const auto choices = descriptor_of(id).choices;
  const auto at = std::ranges::find(choices, text);
  weir_check(at != choices.end(), "'{}' is no choice of {}", text, descriptor_of(id).name);
  return static_cast<std::size_t>(at - choices.begin());
}

namespace {

host_port parsed(std::string_view text) {
  auto at = parse_host_port(text);
  weir_check(at.has_value(), "'{}' was taken for host:port", text);
  return *std::move(at);
}

}  // namespace

host_port taken_host_port(const option_value& value) {
  return parsed(std::get<std::string>(value));
}

std::vector<host_port> taken_host_ports(const option_value& value) {
  std::vector<host_port> out;
  for (const auto& one : std::get<std::vector<std::string>>(value)) out.push_back(parsed(one));
  return out;
}

}  // namespace weir
