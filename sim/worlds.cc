#include "sim/worlds.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/groups/world.h"
#include "sim/shares/world.h"
#include "sim/transactions/world.h"

namespace weir::sim {
namespace {

template <typename Mutations>
std::vector<std::string> names_of(const Mutations& all) {
  std::vector<std::string> out;
  out.reserve(std::size(all));
  for (const auto& m : all) out.emplace_back(m.name);
  return out;
}

template <typename Plan, typename Mutations>
Plan broken_plan(Plan p, const Mutations& all, const std::string& mutation) {
  for (const auto& m : all) {
    if (m.name == mutation) m.breaks(p);
  }
  return p;
}

template <typename From>
report told(const From& from, std::string what_was_done) {
  report out;
  out.seed = from.seed;
  out.ok = from.ok;
  out.what = from.what;
  out.phase = "its run";
  out.phases = {std::move(what_was_done)};
  out.last = from.last;
  out.hash = from.hash;
  out.events = from.events;
  out.virtual_time = from.virtual_time;
  return out;
}

kind_of_world raft_world() {
  return {.name = "raft",
          .run =
              [](std::uint64_t seed, const std::string& mutation) {
                auto rules = draw_plan(seed);
                for (const auto& m : mutations()) {
                  if (m.name == mutation) rules.broken.*m.defect = true;
                }
                return simulate(rules);
              },
          .plan = [](std::uint64_t seed) { return describe(draw_plan(seed)); },
          .mutations = names_of(mutations()),
          .hunt_seeds = 3000};
}

kind_of_world groups_world() {
  return {.name = "groups",
          .run =
              [](std::uint64_t seed, const std::string& mutation) {
                const auto r = groups::simulate(
                    broken_plan(groups::draw_plan(seed), groups::mutations(), mutation));
                return told(
                    r, fmt::format("{} leaders, {} generations and targets, {} offsets "
                                   "committed, {} transactions committed, {} aborted",
                                   r.leaders, r.generations, r.commits, r.committed, r.aborted));
              },
          .plan = [](std::uint64_t seed) { return groups::describe(groups::draw_plan(seed)); },
          .mutations = names_of(groups::mutations()),
          .hunt_seeds = 6000};
}

kind_of_world transactions_world() {
  return {.name = "transactions",
          .run =
              [](std::uint64_t seed, const std::string& mutation) {
                const auto r = transactions::simulate(broken_plan(
                    transactions::draw_plan(seed), transactions::mutations(), mutation));
                return told(r, fmt::format("{} transactions committed, {} aborted, {} terms ended",
                                           r.committed, r.aborted, r.ends_of_terms));
              },
          .plan = [](std::uint64_t seed) { return describe(transactions::draw_plan(seed)); },
          .mutations = names_of(transactions::mutations()),
          .hunt_seeds = 6000};
}

kind_of_world shares_world() {
  return {.name = "shares",
          .run =
              [](std::uint64_t seed, const std::string& mutation) {
                const auto r = shares::simulate(
                    broken_plan(shares::draw_plan(seed), shares::mutations(), mutation));
                return told(r, fmt::format("{} leaders, {} deliveries, {} writes of states",
                                           r.leaders, r.deliveries, r.writes));
              },
          .plan = [](std::uint64_t seed) { return shares::describe(shares::draw_plan(seed)); },
          .mutations = names_of(shares::mutations()),
          .hunt_seeds = 6000};
}

}  // namespace

const std::vector<kind_of_world>& kinds_of_worlds() {
  static const std::vector<kind_of_world> all{raft_world(), groups_world(), transactions_world(),
                                              shares_world()};
  return all;
}

const kind_of_world* find_kind_of_world(const std::string& name) {
  const auto at = std::ranges::find(kinds_of_worlds(), name, &kind_of_world::name);
  return at == kinds_of_worlds().end() ? nullptr : &*at;
}

}  // namespace weir::sim
