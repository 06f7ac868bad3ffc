#pragma once
// Stored settings into a layer. What can't be read by this version, because a newer one wrote it,
// is kept beside it as it is.
#include <map>
#include <string>

#include "core/options/layer.h"
#include "core/options/value.h"

namespace weir::catalog {

// `settings`: structs with `name` and `value`. Of one that is there twice, the first counts.
template <typename Settings>
void read_settings(const Settings& settings, option_layer& layer,
                   std::map<std::string, std::string>& unread) {
  for (const auto& s : settings) {
    const auto* option = find_option(s.name.view());
    auto value = option ? parse_value(*option, s.value.view(), text_form::kafka)
                        : std::unexpected(option_error{});
    if (!value) {
      unread.emplace(s.name.str(), s.value.str());
    } else if (!layer.find(option->id)) {
      layer.set(option->id, *std::move(value));
    }
  }
}

}  // namespace weir::catalog
