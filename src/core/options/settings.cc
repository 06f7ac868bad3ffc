#include "core/options/settings.h"

#include <fmt/format.h>

#include <set>

#include "core/base/check.h"
#include "core/options/number.h"

namespace weir {
namespace {

std::unexpected<option_error> refuse(option_error_code code, std::string_view from,
                                     std::string_view message) {
  return std::unexpected(option_error{
      code, from.empty() ? std::string(message) : fmt::format("{}: {}", from, message)});
}

// Text from outside, short enough for one line of an error.
std::string_view shortened(std::string_view text) {
  return text.substr(0, 100);
}

std::expected<const option_descriptor*, option_error> known(std::string_view name,
                                                            std::string_view from) {
  if (const auto* option = find_option(name)) return option;
  const auto near = nearest_option(name);
  return refuse(option_error_code::unknown_name, from,
                near.empty()
                    ? fmt::format("unknown option '{}'", shortened(name))
                    : fmt::format("unknown option '{}'; did you mean {}?", shortened(name), near));
}

}  // namespace

std::expected<void, option_error> apply_setting(option_layer& layer, std::string_view name,
                                                std::string_view value, std::string_view from) {
  const auto* option = weir_try(known(name, from));
  auto parsed = parse_value(*option, value, text_form::weir, name);
  if (!parsed) return refuse(parsed.error().code, from, parsed.error().message);
  layer.set(option->id, *std::move(parsed));
  return {};
}

std::expected<void, option_error> apply_assignment(option_layer& layer, std::string_view text,
                                                   std::string_view from) {
  const auto equals = text.find('=');
  const auto name = trim(text.substr(0, equals));
  if (equals == text.npos || name.empty()) {
    return refuse(option_error_code::invalid_request, from,
                  fmt::format("'{}' is not of the form NAME=VALUE", shortened(text)));
  }
  return apply_setting(layer, name, text.substr(equals + 1), from);
}

std::expected<option_layer, option_error> settings_from(
    std::span<const std::pair<std::string, std::string>> flat, std::string_view from) {
  option_layer layer;
  for (const auto& [name, value] : flat) {
    const auto* option = weir_try(known(name, from));
    if (layer.find(option->id)) {
      return refuse(option_error_code::invalid_request, from,
                    fmt::format("option {} is set twice", option->name));
    }
    weir_try_void(apply_setting(layer, name, value, from));
  }
  return layer;
}

}  // namespace weir
