// Values, assignments and changes as a client or a user may send them: the first byte picks what is
// done, the second the option, the rest is text. What was taken must format and read back the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/check.h"
#include "core/options/change.h"
#include "core/options/settings.h"

using namespace weir;

namespace {

void values(const option_descriptor& option, std::string_view text, text_form form) {
  const auto value = parse_value(option, text, form);
  if (!value) return;
  for (const auto written : {text_form::kafka, text_form::weir}) {
    const auto again = parse_value(option, format_value(option, *value, written), written);
    weir_check(again && *again == *value, "{} changes when written", option.name);
  }
  option_layer layer;
  layer.set(option.id, *value);
  (void)resolve_topic({.topic = &layer});
  (void)resolve_node({.node = &layer});
  (void)resolve_cluster({.node = &layer});
}

// Lines of kind, name and value: "0retention.ms=5".
void many_changes(std::string_view text, option_source target) {
  std::vector<option_change> all;
  option_layer layer;
  const option_layers layers{.topic = &layer,
                             .broker = &layer,
                             .cluster = &layer,
                             .group = &layer,
                             .client_metrics = &layer};
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    const auto kind = static_cast<std::int8_t>(line[0] - '0');
    line.remove_prefix(1);
    const auto equals = line.find('=');
    option_change change{line.substr(0, equals), kind, std::nullopt};
    if (equals != line.npos) change.value = line.substr(equals + 1);
    all.push_back(change);
  }
  const auto after = change_layer(layers, target, all);
  if (!after) return;
  std::vector<option_error> dropped;
  weir_check(layer_from_text(layer_to_text(*after), dropped) == *after && dropped.empty(),
             "a layer changes when stored");
  (void)describe_topic({.topic = &*after});
  (void)describe_group({.group = &*after});
  (void)describe_client_metrics({.client_metrics = &*after});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto all = all_options();
  const auto& option = all[data[1] % all.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  option_layer layer;
  switch (data[0] % 7) {
    case 0:
      values(option, text, text_form::kafka);
      break;
    case 1:
      values(option, text, text_form::weir);
      break;
    case 2:
      many_changes(text, option_source::topic);
      break;
    case 3:
      many_changes(text, option_source::cluster);
      break;
    case 5:
      many_changes(text, option_source::group);
      break;
    case 6:
      many_changes(text, option_source::client_metrics);
      break;
    case 4:
      (void)apply_assignment(layer, text);
      break;
  }
  return 0;
}
