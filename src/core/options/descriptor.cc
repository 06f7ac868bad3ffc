#include "core/options/descriptor.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/options/declared.h"

namespace weir {
namespace {

const option_descriptor* by(std::string_view name, auto matches) {
  if (name.empty()) return nullptr;
  const auto all = all_options();
  const auto at = std::ranges::find_if(all, matches);
  return at == all.end() ? nullptr : &*at;
}

const option_descriptor* by_own_name(std::string_view name) {
  return by(name, [&](const auto& o) { return o.name == name; });
}

// Damerau-Levenshtein distance with adjacent swaps, given up (as limit + 1) beyond `limit`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  const auto longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differ = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + differ});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

std::string plain(std::string_view name) {
  std::string out(name.substr(0, 100));
  for (char& c : out) {
    if (c == '_' || c == '-') c = '.';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

const option_descriptor& descriptor_of(option_id id) {
  const auto index = static_cast<std::size_t>(id);
  weir_check(index < option_count, "option {} of {}", index, option_count);
  return all_options()[index];
}

const option_descriptor* find_resource_config(option_scope scope, std::string_view name) {
  return by(name, [&](const auto& o) {
    return o.scope == scope && (o.kafka_name == name || o.name == name);
  });
}

const option_descriptor* find_topic_config(std::string_view name) {
  return find_resource_config(option_scope::topic, name);
}

const option_descriptor* find_broker_config(std::string_view name) {
  if (const auto* own = by_own_name(name)) return own;
  return by(name, [&](const auto& o) {
    return (o.of_resources() ? o.broker_name : o.kafka_name) == name;
  });
}

const option_descriptor* find_option(std::string_view name) {
  if (const auto* broker = find_broker_config(name)) return broker;
  return find_topic_config(name);
}

std::string_view nearest_option(std::string_view name) {
  const std::string wanted = plain(name);
  std::string_view best;
  // A third of the letters may be wrong; more is a guess that doesn't help.
  std::size_t least = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  for (const auto& option : all_options()) {
    for (const auto known : {option.name, option.broker_name, option.kafka_name}) {
      if (known.empty()) continue;
      const auto away = distance(wanted, plain(known), least - 1);
      if (away < least) {
        least = away;
        best = known;
      }
    }
  }
  if (!best.empty()) return best;
  // The right last words with a wrong beginning: "segment_bytes" or "topic.segment_bytes".
  const auto last = wanted.substr(wanted.find('.') == std::string::npos ? 0 : wanted.find('.') + 1);
  for (const auto& option : all_options()) {
    const auto own = plain(option.name);
    const auto tail = own.substr(own.find('.') + 1);
    if (!tail.empty() && (tail == wanted || tail == last)) return option.name;
  }
  return {};
}

std::string_view topic_config_name(const option_descriptor& option) {
  return option.kafka_name.empty() ? option.name : option.kafka_name;
}

std::string_view broker_config_name(const option_descriptor& option) {
  const auto kafka = option.of_resources() ? option.broker_name : option.kafka_name;
  return kafka.empty() ? option.name : kafka;
}

}  // namespace weir
