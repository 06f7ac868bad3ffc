#include "sim/simulate.h"

#include <fmt/format.h>

#include <deque>

#include "core/base/check.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

constexpr std::size_t last_events = 60;

void throw_violation(const std::string& line) {
  throw violation(line);
}

report once(const plan& rules, const std::function<void(const std::string&)>& tell) {
  listen_to_checks(throw_violation);
  report out{.seed = rules.seed};
  world w(rules, tell);
  try {
    w.run();
    out.ok = true;
  } catch (const violation& broken) {
    out.what = broken.what();
  }
  listen_to_checks(nullptr);
  out.phase = w.phase();
  out.phases = w.phases();
  out.hash = w.hash();
  out.events = w.events();
  out.virtual_time = w.now();
  return out;
}

}  // namespace

report simulate(const plan& rules) {
  auto out = once(rules, {});
  if (out.ok) return out;
  std::deque<std::string> last;
  const auto again = once(rules, [&](const std::string& line) {
    last.push_back(line);
    if (last.size() > last_events) last.pop_front();
  });
  if (again.hash != out.hash || again.what != out.what) {
    out.what += fmt::format(" (and the run does not repeat: {})", again.what);
  }
  out.last.assign(last.begin(), last.end());
  return out;
}

std::string describe(const plan& p) {
  std::string out = fmt::format(
      "{} nodes and {} spares, election {} to {} ms, heartbeat {} ms, {}{} entries and {} bytes a "
      "message, {} in flight, segments of {} bytes, ticks {} ms, flushes to {} ms, delays to {} "
      "ms, "
      "lost {} of a million, repeated {}, late {}, clocks within {} %",
      p.nodes, p.spares, p.options.election_min.count(), p.options.election_max.count(),
      p.options.heartbeat.count(), p.options.rest ? "idle ones rest, " : "",
      p.options.append_entries_max, p.options.append_bytes_max, p.options.inflight_messages_max,
      p.segment_bytes, p.tick / ms, p.flush_max / ms, p.delay_max / ms, p.loss, p.repeats, p.late,
      p.clock_percent);
  const auto add = [&](const char* what, moment every) {
    if (every != 0) out += fmt::format(", {} every {} ms", what, every / ms);
  };
  add("crashes", p.crash_every);
  if (p.crash_after_vote != 0) {
    out += fmt::format(", crashes after {} votes of a million", p.crash_after_vote);
  }
  add("cuts", p.cut_every);
  add("slow disks", p.slow_every);
  add("transfers", p.transfer_every);
  add("changes", p.change_every);
  add("trims", p.trim_every);
  add("compactions", p.compact_every);
  add("lost disks", p.lose_disk_every);
  add("rot", p.rot_every);
  return out;
}

}  // namespace weir::sim
