#pragma once
// What the user starts the process with: `--set option=value` and the flat map of a YAML file, both
// in Weir's form, any scope (a topic's option set here is the default for topics).
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/options/layer.h"

namespace weir {

// Sets one option in `layer`. `from` says where in errors ("weir.yaml", "--set"); may be empty.
// An unknown name gets the nearest known one suggested.
std::expected<void, option_error> apply_setting(option_layer& layer, std::string_view name,
                                                std::string_view value, std::string_view from = {});
// "option=value"; spaces around either are dropped.
std::expected<void, option_error> apply_assignment(option_layer& layer, std::string_view text,
                                                   std::string_view from = "--set");
// A flat map, nested keys joined with dots, sequences joined with commas. Naming an option twice is
// an error. Stops at the first error.
std::expected<option_layer, option_error> settings_from(
    std::span<const std::pair<std::string, std::string>> flat, std::string_view from);

}  // namespace weir
