#include "sim/transactions/plan.h"

#include <fmt/format.h>

namespace weir::sim::transactions {
namespace {

template <typename T>
T one_of(random& chance, std::initializer_list<T> from) {
  return from.begin()[chance.below(from.size())];
}

// Half of the runs have none of it (swarm testing, as sim/plan.cc).
moment maybe_every(random& chance, moment low, moment high) {
  return chance.chance(500'000) ? 0 : chance.between(low, high);
}

}  // namespace

plan draw_plan(std::uint64_t seed) {
  random chance(mix(seed, 0x74786e));
  plan p{.seed = seed};
  p.coordinators = chance.between(1, 2);
  p.partitions = chance.between(1, 4);
  p.ids = chance.between(1, 3);
  p.classic = one_of(chance, {0U, 0U, 300'000U, 1'000'000U});
  p.aborts = one_of(chance, {100'000U, 300'000U, 700'000U});
  p.impatient = one_of(chance, {0U, 50'000U, 200'000U});
  p.forgetful = one_of(chance, {0U, 0U, 50'000U, 200'000U});
  p.delay_max = one_of(chance, {1 * ms, 5 * ms, 30 * ms});
  p.commit_max = one_of(chance, {1 * ms, 5 * ms, 60 * ms});
  p.loss = one_of(chance, {0U, 5'000U, 50'000U});
  p.copies = one_of(chance, {0U, 10'000U, 100'000U});
  p.late_max = one_of(chance, {100 * ms, 500 * ms, 3 * second});
  p.crash_every = maybe_every(chance, 100 * ms, 2 * second);
  p.down_max = one_of(chance, {5 * ms, 100 * ms, 800 * ms});
  p.restart_every = maybe_every(chance, 100 * ms, 2 * second);
  p.compact_every = maybe_every(chance, 200 * ms, 2 * second);
  p.replace_every = maybe_every(chance, 100 * ms, 1500 * ms);
  p.patience = one_of(chance, {60 * ms, 300 * ms, 1 * second});
  p.timeout = one_of(chance, {200 * ms, 1 * second, 4 * second});
  p.expiration = maybe_every(chance, 300 * ms, 3 * second);
  p.old_epochs = chance.chance(300'000);
  return p;
}

std::string describe(const plan& p) {
  std::string out = fmt::format(
      "{} coordinators, {} partitions, {} ids{}, of a million clients {} of version 1, delays to "
      "{} "
      "ms, commits to {} ms, lost {} of a million, repeated {} within {} ms, timeouts of {} ms",
      p.coordinators, p.partitions, p.ids, p.old_epochs ? " with old epochs" : "", p.classic,
      p.delay_max / ms, p.commit_max / ms, p.loss, p.copies, p.late_max / ms, p.timeout / ms);
  const auto add = [&](const char* what, moment every) {
    if (every != 0) out += fmt::format(", {} every {} ms", what, every / ms);
  };
  add("crashes", p.crash_every);
  add("new leaders of partitions", p.restart_every);
  add("compaction", p.compact_every);
  add("replaced clients", p.replace_every);
  return out;
}

const std::vector<mutation>& mutations() {
  static const std::vector<mutation> all{
      {"keeps-epoch", [](plan& p) { p.broken.keeps_epoch = true; }, 100},
      {"fences-nobody", [](plan& p) { p.broken.fences_nobody = true; }, 100},
      {"init-while-open", [](plan& p) { p.broken.init_while_open = true; }, 100},
      {"prepare-not-stored", [](plan& p) { p.broken.prepare_not_stored = true; }, 100},
      {"changes-mind", [](plan& p) { p.broken.changes_mind = true; }, 100},
      {"adds-when-decided", [](plan& p) { p.broken.adds_when_decided = true; }, 100},
      {"completes-early", [](plan& p) { p.broken.completes_early = true; }, 100},
      {"any-report-counts", [](plan& p) { p.broken.any_report_counts = true; }, 100},
      {"adds-for-anyone", [](plan& p) { p.broken.adds_for_anyone = true; }, 100},
      {"ends-for-anyone", [](plan& p) { p.broken.ends_for_anyone = true; }, 100},
      {"verifies-anything", [](plan& p) { p.broken.verifies_anything = true; }, 1000},
      {"epochs-without-end", [](plan& p) { p.broken.epochs_without_end = true; }, 100},
      {"forgets-prepared", [](plan& p) { p.broken.forgets_prepared = true; }, 100},
      {"no-timeouts", [](plan& p) { p.broken.no_timeouts = true; }, 2000},
      {"sends-once", [](plan& p) { p.broken.sends_once = true; }, 100},
      {"answers-before-commit", [](plan& p) { p.broken_outside.answers_before_commit = true; },
       100},
      {"markers-before-commit", [](plan& p) { p.broken_outside.markers_before_commit = true; },
       100},
      {"takes-old-markers", [](plan& p) { p.broken_outside.takes_old_markers = true; }, 100},
      {"takes-old-coordinators", [](plan& p) { p.broken_outside.takes_old_coordinators = true; },
       6000},
      {"begins-unverified", [](plan& p) { p.broken_outside.begins_unverified = true; }, 100},
      {"believes-old-verification",
       [](plan& p) { p.broken_outside.believes_old_verification = true; }, 1000},
      {"reports-failure-of-sent", [](plan& p) { p.broken_outside.reports_failure_of_sent = true; },
       1000},
      {"classic-copies-late",
       [](plan& p) {
         p.broken_outside.classic_copies_late = true;
         p.classic = 1'000'000;
       },
       100},
  };
  return all;
}

}  // namespace weir::sim::transactions
