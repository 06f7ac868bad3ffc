#include "engine/coordinator/lag_gauges.h"

#include <seastar/core/metrics.hh>

#include <algorithm>
#include <vector>

namespace weir {

namespace sm = seastar::metrics;

void lag_gauges::show(by_group groups) {
  std::erase_if(shown_, [&](const auto& g) { return !groups.contains(g.first); });
  for (auto& [name, places] : groups) {
    auto& g = shown_[name];
    if (!g) g = std::make_unique<gauges>();
    const bool same = std::ranges::equal(
        g->of, places, {}, [](const auto& p) { return p.first; },
        [](const auto& p) { return p.first; });
    g->sum = 0;
    for (const auto& [at, s] : places) g->sum += s.lag;
    if (same) {
      for (auto& [at, s] : g->of) s = places.at(at);
    } else {
      g->registered.clear();
      g->of = std::move(places);
      make(name, *g);
    }
  }
}

void lag_gauges::make(const std::string& name, gauges& g) const {
  const sm::label group("group");
  const sm::label topic("topic");
  const sm::label partition("partition");
  std::vector<sm::metric_definition> all;
  all.push_back(sm::make_gauge("lag_sum", sm::description("Records that a group has still to read"),
                               {group(name)}, [&g] { return g.sum; }));
  for (const auto& [at, s] : g.of) {
    const std::vector<sm::label_instance> labels{group(name), topic(at.topic),
                                                 partition(at.partition)};
    all.push_back(sm::make_gauge("lag", sm::description("The same, of one partition"), labels,
                                 [&s] { return s.lag; }));
    all.push_back(
        sm::make_gauge(at_name_, sm::description(at_help_), labels, [&s] { return s.at; }));
  }
  g.registered.add_group("group", all);
}

}  // namespace weir
