#include "cli/typed_groups.h"

#include <algorithm>
#include <format>

#include "core/codec/list_groups.h"

namespace weir::cli {

using kafka::error_code;

typed_groups::typed_groups(client& c, const char* type, std::int16_t key)
    : c_(c), calls_(c), type_(type), hindrance_(broker_calls::hindrance(c.options())) {
  if (!hindrance_.empty()) {
    hindrance_ = "this client can't ask about them with " + hindrance_;
    return;
  }
  try {
    served_ = calls_.serves(key);
  } catch (const no_answer& failed) {
    hindrance_ = failed.what();
  }
}

std::vector<group_entry> typed_groups::list() {
  if (!served_) return {};
  kafka::list_groups_request asked;
  asked.types_filter.push_back(text(type_));
  std::vector<group_entry> out;
  for (const auto& told : calls_.ask_all<kafka::list_groups_response>(asked)) {
    if (told.error != error_code::none)
      throw failure(std::format("list groups: {}", kafka::message_of(told.error)));
    for (const auto& g : told.groups) {
      if (g.group_type.view() != type_) continue;
      out.push_back({.name = g.group_id.str(), .state = g.group_state.str(), .type = type_});
    }
  }
  std::ranges::sort(out, {}, &group_entry::name);
  return out;
}

bool is_elsewhere(error_code error) {
  return error == error_code::group_id_not_found || error == error_code::invalid_group_id;
}

}  // namespace weir::cli
