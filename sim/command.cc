#include "sim/command.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::sim {
namespace {

using printer = std::function<void(std::string_view)>;

constexpr std::uint64_t hunt_seeds = 3000;

void print_run(const report& r, const plan& rules, const printer& print) {
  print(fmt::format("seed {}: {}, {} events, {} s of virtual time, hash {:016x}\n", r.seed,
                    r.ok ? "fine" : "BROKEN", r.events, r.virtual_time / second, r.hash));
  print(fmt::format("  {}\n", describe(rules)));
  for (const auto& line : r.phases) print(fmt::format("  {}\n", line));
  if (r.ok) return;
  print(fmt::format("  broke in {}: {}\n", r.phase, r.what));
  for (const auto& line : r.last) print(fmt::format("    {}\n", line));
  print(fmt::format("  again: weir simulate --seed {}\n", r.seed));
}

int hunt_all(const command& what, const printer& print) {
  print(fmt::format("{:<30} {:>6}  {}\n", "broken rule", "seeds", "what was noticed"));
  int missed = 0;
  for (const auto& m : mutations()) {
    if (what.mutation != "all" && what.mutation != m.name) continue;
    const auto found = hunt_mutation(m, what.seed, std::max(what.seeds, hunt_seeds));
    print(fmt::format("{:<30} {:>6}  {}\n", m.name, found.seeds,
                      found.caught ? found.caught->what : "NOTHING"));
    missed += found.caught ? 0 : 1;
    if (found.caught && what.mutation != "all") {
      for (const auto& line : found.caught->last) print(fmt::format("    {}\n", line));
      print(fmt::format("  again: weir simulate --mutation {} --seed {}\n", m.name,
                        found.caught->seed));
    }
  }
  return missed == 0 ? 0 : 1;
}

}  // namespace

hunt hunt_mutation(const mutation& m, std::uint64_t first_seed, std::uint64_t seeds_max) {
  hunt out;
  while (out.seeds < seeds_max) {
    auto rules = draw_plan(first_seed + out.seeds);
    rules.broken.*m.defect = true;
    ++out.seeds;
    auto r = simulate(rules);
    if (r.ok) continue;
    out.caught = std::move(r);
    break;
  }
  return out;
}

int run(const command& what, const printer& print, const std::function<double()>& hours_passed) {
  if (!what.mutation.empty()) {
    const bool known = what.mutation == "all" || std::ranges::any_of(mutations(), [&](auto& m) {
                         return what.mutation == m.name;
                       });
    if (known) return hunt_all(what, print);
    print(fmt::format("no mutation '{}'; there are:", what.mutation));
    for (const auto& m : mutations()) print(fmt::format(" {}", m.name));
    print("\n");
    return 2;
  }
  std::uint64_t done = 0;
  std::uint64_t events = 0;
  moment time = 0;
  while (what.hours > 0 ? hours_passed() < what.hours : done < what.seeds) {
    const auto rules = draw_plan(what.seed + done);
    const auto r = simulate(rules);
    ++done;
    events += r.events;
    time += r.virtual_time;
    if (!r.ok || what.verbose || what.seeds == 1) print_run(r, rules, print);
    if (!r.ok) return 1;
    if (what.check_determinism && simulate(rules).hash != r.hash) {
      print(
          fmt::format("seed {0} does not repeat\n  again: weir simulate --seed {0} "
                      "--check-determinism\n",
                      r.seed));
      return 1;
    }
    if (done % 1000 == 0) print(fmt::format("{} seeds are fine\n", done));
  }
  print(fmt::format("{} seeds from {} on are fine: {} events, {} hours of virtual time{}\n", done,
                    what.seed, events, time / (3600 * second),
                    what.check_determinism ? ", each twice with the same hash" : ""));
  return 0;
}

}  // namespace weir::sim
