#pragma once
// A run of a world, and where something was wrong once more, for its last events: it must be the
// same run.
#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <string>

#include "core/base/check.h"

namespace weir::sim {

template <typename World, typename Violation, typename Report, typename Plan>
Report run_once(const Plan& rules, const std::function<void(const std::string&)>& tell) {
  listen_to_checks([](const std::string& line) { throw Violation(line); });
  Report out{.seed = rules.seed};
  World w(rules, tell);
  try {
    w.run();
    out.ok = true;
  } catch (const Violation& broken) {
    out.what = broken.what();
  }
  listen_to_checks(nullptr);
  w.fill(out);
  return out;
}

// At most `most` events are told.
template <typename World, typename Violation, typename Report, typename Plan>
Report run_and_repeat(const Plan& rules, std::size_t most) {
  auto out = run_once<World, Violation, Report>(rules, {});
  if (out.ok) return out;
  const auto again = run_once<World, Violation, Report>(rules, [&](const std::string& line) {
    out.last.push_back(line);
    if (out.last.size() > most) out.last.erase(out.last.begin());
  });
  if (again.hash != out.hash || again.what != out.what)
    out.what += fmt::format(" (and the run does not repeat: {})", again.what);
  return out;
}

}  // namespace weir::sim
