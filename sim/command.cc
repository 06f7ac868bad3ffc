#include "sim/command.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/worlds.h"

namespace weir::sim {
namespace {

using printer = std::function<void(std::string_view)>;

// How a run is asked for again.
std::string again(const command& what, std::uint64_t seed) {
  const auto world = what.world == "raft" ? "" : fmt::format(" --world {}", what.world);
  return fmt::format("weir simulate{} --seed {}", world, seed);
}

void print_run(const command& what, const kind_of_world& world, const report& r,
               const printer& print) {
  print(fmt::format("seed {}: {}, {} events, {} s of virtual time, hash {:016x}\n", r.seed,
                    r.ok ? "fine" : "BROKEN", r.events, r.virtual_time / second, r.hash));
  print(fmt::format("  {}\n", world.plan(r.seed)));
  for (const auto& line : r.phases) print(fmt::format("  {}\n", line));
  if (r.ok) return;
  print(fmt::format("  broke in {}: {}\n", r.phase, r.what));
  for (const auto& line : r.last) print(fmt::format("    {}\n", line));
  print(fmt::format("  again: {}\n", again(what, r.seed)));
}

int hunt_all(const command& what, const kind_of_world& world, const printer& print) {
  print(fmt::format("{:<30} {:>6}  {}\n", "broken rule", "seeds", "what was noticed"));
  int missed = 0;
  for (const auto& name : world.mutations) {
    if (what.mutation != "all" && what.mutation != name) continue;
    const auto seeds_max = std::max(what.seeds, world.hunt_seeds);
    report found{.ok = true};
    std::uint64_t seeds = 0;
    while (found.ok && seeds < seeds_max) found = world.run(what.seed + seeds++, name);
    print(fmt::format("{:<30} {:>6}  {}\n", name, seeds, found.ok ? "NOTHING" : found.what));
    missed += found.ok ? 1 : 0;
    if (!found.ok && what.mutation != "all") {
      for (const auto& line : found.last) print(fmt::format("    {}\n", line));
      const auto world_option = what.world == "raft" ? "" : fmt::format(" --world {}", what.world);
      print(fmt::format("  again: weir simulate{} --mutation {} --seed {}\n", world_option, name,
                        found.seed));
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
  const auto* world = find_kind_of_world(what.world);
  if (!world) {
    print(fmt::format("no world '{}'; there are:", what.world));
    for (const auto& w : kinds_of_worlds()) print(fmt::format(" {}", w.name));
    print("\n");
    return 2;
  }
  if (!what.mutation.empty()) {
    const bool known =
        what.mutation == "all" || std::ranges::contains(world->mutations, what.mutation);
    if (known) return hunt_all(what, *world, print);
    print(fmt::format("no mutation '{}'; there are:", what.mutation));
    for (const auto& name : world->mutations) print(fmt::format(" {}", name));
    print("\n");
    return 2;
  }
  std::uint64_t done = 0;
  std::uint64_t events = 0;
  moment time = 0;
  while (what.hours > 0 ? hours_passed() < what.hours : done < what.seeds) {
    const auto r = world->run(what.seed + done, "");
    ++done;
    events += r.events;
    time += r.virtual_time;
    if (!r.ok || what.verbose || what.seeds == 1) print_run(what, *world, r, print);
    if (!r.ok) return 1;
    if (what.check_determinism && world->run(r.seed, "").hash != r.hash) {
      print(fmt::format("seed {} does not repeat\n  again: {} --check-determinism\n", r.seed,
                        again(what, r.seed)));
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
