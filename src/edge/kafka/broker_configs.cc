#include "edge/kafka/broker_configs.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/cluster/cluster.h"

namespace weir::edge {
namespace {

described_option& named(std::vector<described_option>& all, std::string_view name) {
  return *std::ranges::find(all, name, &described_option::name);
}

// "a:1,b:2" with the one protocol there is; nothing of nothing.
std::optional<std::string> as_listeners(const std::optional<std::string>& addresses) {
  if (!addresses || addresses->empty()) return std::nullopt;
  std::string out = "PLAINTEXT://";
  for (const char c : *addresses) out += c == ',' ? ",PLAINTEXT://" : std::string(1, c);
  return out;
}

described_option listeners(described_option option, std::string_view name) {
  option.name = name;
  option.value = as_listeners(option.value);
  for (auto& synonym : option.synonyms) {
    synonym.name = name;
    synonym.value = as_listeners(synonym.value);
  }
  std::erase_if(option.synonyms, [](const option_synonym& s) { return !s.value; });
  return option;
}

}  // namespace

std::vector<described_option> describe_this_broker(const cluster& state) {
  auto out = describe_broker(state.layers());
  auto& id = named(out, "node.id");
  id.value = std::to_string(state.settings().self.value());
  id.source = option_source::node;
  id.synonyms = {{id.name, id.value, id.source}};
  if (auto& rack = named(out, "broker.rack"); rack.value == "") {
    rack.value.reset();
    rack.synonyms.clear();
  }
  auto old_id = id;
  old_id.name = old_id.synonyms.front().name = "broker.id";
  out.push_back(std::move(old_id));
  out.push_back(listeners(named(out, "kafka.listen"), "listeners"));
  out.push_back(listeners(named(out, "kafka.advertise"), "advertised.listeners"));
  return out;
}

}  // namespace weir::edge
