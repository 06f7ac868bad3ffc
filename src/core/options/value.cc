#include "core/options/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "core/base/check.h"
#include "core/options/help.h"
#include "core/options/number.h"

namespace weir {
namespace {

constexpr std::string_view throttled_form =
    "must be the literal '*' or a list of replicas in the following format: "
    "[partitionId]:[brokerId],[partitionId]:[brokerId],...";

// How both forms of text say what is wrong.
struct speaker {
  const option_descriptor& option;
  text_form form;
  std::string_view name;

  [[nodiscard]] auto wrong(std::string_view text, std::string_view kafka_reason) const {
    auto message =
        form == text_form::kafka
            ? fmt::format("Invalid value {} for configuration {}: {}", text, name, kafka_reason)
            : fmt::format("option {}: '{}' is not allowed; it takes {}", name, text,
                          describe_allowed(option));
    return std::unexpected(option_error{option_error_code::invalid_value, std::move(message)});
  }
};

using parsed = std::expected<option_value, option_error>;

std::string real_text(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

parsed parse_boolean(const speaker& say, std::string_view text) {
  std::string lower(text.substr(0, 8));
  for (char& c : lower) c = static_cast<char>(c | 0x20);
  if (text.size() <= 5 && lower == "true") return true;
  if (text.size() <= 5 && lower == "false") return false;
  return say.wrong(text, "Expected value to be either true or false");
}

parsed parse_integer(const speaker& say, std::string_view text) {
  const auto& option = say.option;
  const auto type = option.bits == 64 ? "LONG" : option.bits == 16 ? "SHORT" : "INT";
  const auto number =
      say.form == text_form::kafka ? parse_plain(text) : parse_with_unit(option, text);
  if (!number || !fits(*number, option.bits)) {
    return say.wrong(text, fmt::format("Not a number of type {}", type));
  }
  if (number == option.or_equal) return *number;
  const bool low = option.min && *number < *option.min;
  const bool high = option.max && *number > *option.max;
  if (!low && !high) return *number;
  const auto shown = say.form == text_form::kafka ? fmt::format("{}", *number) : std::string(text);
  if (option.or_equal && option.min && option.max) {
    return say.wrong(shown, fmt::format("Value must be between {} and {} or equal to {}",
                                        *option.min, *option.max, *option.or_equal));
  }
  return say.wrong(shown, low ? fmt::format("Value must be at least {}", *option.min)
                              : fmt::format("Value must be no more than {}", *option.max));
}

parsed parse_real(const speaker& say, std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  const bool sign_twice = text.starts_with('+') && digits.starts_with('-');
  if (error != std::errc{} || stop != end || sign_twice || !std::isfinite(value)) {
    return say.wrong(text, "Not a number of type DOUBLE");
  }
  if (say.option.least && value < *say.option.least) {
    return say.wrong(real_text(value), fmt::format("Value must be at least {}", *say.option.least));
  }
  if (say.option.most && value > *say.option.most) {
    return say.wrong(real_text(value),
                     fmt::format("Value must be no more than {}", *say.option.most));
  }
  return value == 0 ? 0.0 : value;  // no negative zero
}

parsed parse_choice(const speaker& say, std::string_view text) {
  if (std::ranges::contains(say.option.choices, text)) return std::string(text);
  return say.wrong(text,
                   fmt::format("String must be one of: {}", fmt::join(say.option.choices, ", ")));
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool are_replicas(const std::vector<std::string>& parts) {
  if (parts.size() == 1 && parts[0] == "*") return true;
  return std::ranges::all_of(parts, [](std::string_view part) {
    const auto colon = part.find(':');
    return colon != part.npos && is_number(part.substr(0, colon)) &&
           is_number(part.substr(colon + 1));
  });
}

// Each part once, in the order of its first place: as Kafka keeps them.
parsed parse_list(const speaker& say, std::string_view text) {
  const auto& option = say.option;
  std::vector<std::string> parts;
  std::unordered_set<std::string> seen;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = trim(text.substr(0, comma));
    const bool last = comma == text.size();
    if (part.empty() || (!last && comma + 1 == text.size())) {
      return std::unexpected(
          option_error{option_error_code::invalid_value,
                       fmt::format("Configuration '{}' values must not be empty.", say.name)});
    }
    text.remove_prefix(last ? comma : comma + 1);
    if (!option.choices.empty()) weir_try_void(parse_choice(say, part));
    std::string kept(part);
    if (option.type == option_type::host_ports) {
      const auto at = parse_host_port(part);
      if (!at) return say.wrong(part, "Not a list of host:port");
      kept = format_host_port(*at);
    }
    if (seen.insert(kept).second) parts.push_back(std::move(kept));
  }
  if (option.replicas && !are_replicas(parts)) {
    return say.wrong(fmt::format("[{}]", fmt::join(parts, ", ")),
                     fmt::format("{} {}", say.name, throttled_form));
  }
  return parts;
}

}  // namespace

std::optional<host_port> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const auto digits = text.substr(colon + 1);
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
    if (host.find_first_of("[] ,") != host.npos || host.find(':') == host.npos) return std::nullopt;
  } else if (host.empty() || host.find_first_of(":[] ,/") != host.npos) {
    return std::nullopt;
  }
  if (host.size() > 255 || !is_number(digits) || digits.size() > 5) return std::nullopt;
  const auto port = parse_plain(digits);
  if (!port || *port > 65535) return std::nullopt;
  return host_port{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::string format_host_port(const host_port& at) {
  return at.host.find(':') == std::string::npos ? fmt::format("{}:{}", at.host, at.port)
                                                : fmt::format("[{}]:{}", at.host, at.port);
}

std::expected<option_value, option_error> parse_value(const option_descriptor& option,
                                                      std::string_view text, text_form form,
                                                      std::string_view shown_name) {
  const speaker say{option, form, shown_name.empty() ? option.name : shown_name};
  const auto trimmed = trim(text);
  if (text.size() > value_size_max) {
    return std::unexpected(
        option_error{option_error_code::invalid_value,
                     fmt::format("Value for configuration {} is longer than {} bytes", say.name,
                                 value_size_max)});
  }
  switch (option.type) {
    case option_type::boolean:
      return parse_boolean(say, trimmed);
    case option_type::integer:
    case option_type::bytes:
    case option_type::duration:
      return parse_integer(say, trimmed);
    case option_type::real:
      return parse_real(say, trimmed);
    case option_type::string:
      return std::string(trimmed);
    case option_type::secret:
      return std::string(text);
    case option_type::choice:
      return parse_choice(say, trimmed);
    case option_type::list:
    case option_type::host_ports:
      return parse_list(say, trimmed);
    case option_type::host_port:
      if (const auto at = parse_host_port(trimmed)) return format_host_port(*at);
      return say.wrong(trimmed, "Not host:port");
  }
  weir_check(false, "option type {}", static_cast<int>(option.type));
  return option_value{};
}

std::string format_value(const option_descriptor& option, const option_value& value,
                         text_form form) {
  struct formatter {
    const option_descriptor& option;
    text_form form;
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const {
      return form == text_form::kafka ? fmt::format("{}", v) : format_with_unit(option, v);
    }
    std::string operator()(double v) const { return real_text(v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<std::string>& v) const {
      return fmt::format("{}", fmt::join(v, ","));
    }
  };
  return std::visit(formatter{option, form}, value);
}

option_value default_value(const option_descriptor& option) {
  auto value = parse_value(option, option.default_text);
  weir_check(value.has_value(), "the default of {}: {}", option.name, value.error().message);
  return *std::move(value);
}

}  // namespace weir
