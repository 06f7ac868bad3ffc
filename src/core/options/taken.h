#pragma once
// Typed members out of option_values, for the generated declared.cc.
#include "core/base/check.h"
#include "core/options/value.h"

namespace weir {

// Place of `text` among the option's choices, which are also the generated enum's values.
std::size_t choice_index(option_id id, std::string_view text);

template <typename Enum>
Enum taken_choice(option_id id, const option_value& value) {
  return static_cast<Enum>(choice_index(id, std::get<std::string>(value)));
}

template <typename Enum>
choice_set<Enum> taken_choices(option_id id, const option_value& value) {
  choice_set<Enum> out;
  for (const auto& one : std::get<std::vector<std::string>>(value)) {
    out.add(static_cast<Enum>(choice_index(id, one)));
  }
  return out;
}

host_port taken_host_port(const option_value& value);
std::vector<host_port> taken_host_ports(const option_value& value);

}  // namespace weir
