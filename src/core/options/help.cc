#include "core/options/help.h"

#include <fmt/format.h>

#include "core/options/number.h"
#include "core/options/value.h"

namespace weir {
namespace {

// `text` in lines of at most `width` columns, each after `indent` spaces.
void fold(std::string& out, std::string_view text, std::size_t indent, std::size_t width) {
  std::size_t column = 0;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    if (column != 0 && column + 1 + word.size() > width) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out.append(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  if (column != 0) out += '\n';
}

// The bound that people should read: a word's number says nothing to them.
std::optional<std::int64_t> least_shown(const option_descriptor& option) {
  if (!option.min) return std::nullopt;
  for (const auto& word : option.words) {
    if (word.number == *option.min) {
      return *option.min < 0 ? std::optional<std::int64_t>(0) : std::nullopt;
    }
  }
  return option.min;
}

std::string number_range(const option_descriptor& option, std::string_view kind) {
  const auto shown = [&](std::int64_t v) { return format_with_unit(option, v); };
  std::string out(kind);
  const auto least = least_shown(option);
  // The width's own limit says nothing to people either.
  const bool upper = option.max && *option.max != INT32_MAX && *option.max != INT64_MAX;
  if (kind != "a number" && (least || upper)) out += ',';
  if (least) out += fmt::format(" from {}", shown(*least));
  if (upper) out += fmt::format(" {} {}", least ? "to" : "up to", shown(*option.max));
  for (const auto& word : option.words) out += fmt::format(", or {}", word.word);
  if (option.or_equal && option.words.empty()) out += fmt::format(", or {}", *option.or_equal);
  return out;
}

std::string default_shown(const option_descriptor& option) {
  const auto value = default_value(option);
  auto text = format_value(option, value);
  return text.empty() ? "empty" : text;
}

void one(std::string& out, const option_descriptor& option, std::size_t width) {
  out += "  ";
  if (!option.flag.empty()) out += fmt::format("--{}, ", option.flag);
  out += fmt::format("{}\n", option.name);
  fold(out, option.help, 6, width);
  fold(out,
       fmt::format("Default {}; {}.{}", default_shown(option), describe_allowed(option),
                   option.applies == option_applies::live ? " Can be changed while running." : ""),
       6, width);
  if (!option.inert.empty()) fold(out, fmt::format("No effect yet: {}.", option.inert), 6, width);
}

std::string_view heading(option_scope scope) {
  switch (scope) {
    case option_scope::node:
      return "Options of this broker";
    case option_scope::cluster:
      return "Options of the cluster: values to start with";
    case option_scope::group:
      return "Options of a group: a value set here is the default for all groups";
    case option_scope::client_metrics:
      return "Options of client metrics: a value set here is the default for all subscriptions";
    case option_scope::topic:
      return "Options of topics: defaults for all of them";
  }
  return {};
}

}  // namespace

std::string describe_allowed(const option_descriptor& option) {
  switch (option.type) {
    case option_type::boolean:
      return "true or false";
    case option_type::integer:
      return number_range(option, "a number");
    case option_type::bytes:
      return number_range(option, "a size such as 64KiB or 1GiB");
    case option_type::duration:
      return number_range(option, "a time such as 500ms or 7d");
    case option_type::real:
      return fmt::format("a number from {} to {}", option.least.value_or(0),
                         option.most.value_or(1));
    case option_type::string:
      return "text";
    case option_type::secret:
      return "secret text";
    case option_type::choice:
      return fmt::format("one of {}", fmt::join(option.choices, ", "));
    case option_type::list:
      if (option.replicas) return "partition:broker pairs separated by commas, or *";
      if (option.choices.empty()) return "a list separated by commas";
      return fmt::format("any of {}, separated by commas", fmt::join(option.choices, ", "));
    case option_type::host_port:
      return "host:port";
    case option_type::host_ports:
      return "host:port, several separated by commas";
  }
  return {};
}

std::string describe_option_help(const option_descriptor& option, std::size_t width) {
  std::string out;
  one(out, option, width);
  if (!option.kafka_name.empty()) {
    const auto* of = option.scope == option_scope::group ? "group" : "topic";
    fold(out,
         option.broker_name.empty() ? fmt::format("In Kafka: {}.", option.kafka_name)
                                    : fmt::format("In Kafka: {} for a {}, {} for a broker.",
                                                  option.kafka_name, of, option.broker_name),
         6, width);
  }
  return out;
}

std::string describe_help(std::size_t width) {
  std::string out =
      "Every option can be given as --set NAME=VALUE or in the configuration file; some have a "
      "flag "
      "of their own.\n";
  std::string_view group;
  auto scope = option_scope::node;
  for (const auto& option : all_options()) {
    const auto first = option.name.substr(0, option.name.find('.'));
    if (group.empty() || option.scope != scope) out += fmt::format("\n{}\n", heading(option.scope));
    if (first != group || option.scope != scope) out += fmt::format("\n {}\n", first);
    group = first;
    scope = option.scope;
    one(out, option, width);
  }
  return out;
}

}  // namespace weir
