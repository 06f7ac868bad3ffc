#include "sim/shares/plan.h"

#include <fmt/format.h>

namespace weir::sim::shares {
namespace {

template <typename T>
T one_of(random& chance, std::initializer_list<T> from) {
  return from.begin()[chance.below(from.size())];
}

// Half of the runs have none of it (swarm testing, as sim/plan.cc).
moment maybe_every(random& chance, moment low, moment high) {
  return chance.chance(500'000) ? 0 : chance.between(low, high);
}

void draw_trouble(random& chance, plan& p) {
  p.links.delay_max = one_of(chance, {1 * ms, 5 * ms, 30 * ms});
  p.links.flush_max = one_of(chance, {1 * ms, 5 * ms, 40 * ms});
  p.links.loss = one_of(chance, {0U, 5'000U, 40'000U});
  p.links.quorum_patience = one_of(chance, {150 * ms, 300 * ms, 1 * second});
  p.trouble.crash_every = maybe_every(chance, 200 * ms, 3 * second);
  p.trouble.down_max = one_of(chance, {5 * ms, 100 * ms, 800 * ms});
  p.trouble.cut_every = maybe_every(chance, 200 * ms, 2 * second);
  p.trouble.move_every = maybe_every(chance, 50 * ms, second);
  p.trouble.compact_every = maybe_every(chance, 100 * ms, second);
  p.trouble.mischief = one_of(chance, {0U, 1'000U, 10'000U});
  p.copies = one_of(chance, {0U, 30'000U, 150'000U});
  p.delete_every = maybe_every(chance, 200 * ms, 2 * second);
  p.compact_data_every = maybe_every(chance, 100 * ms, second);
  p.admin_every = maybe_every(chance, 600 * ms, 3 * second);
  p.come_every = maybe_every(chance, 200 * ms, 2 * second);
  p.clock_percent = one_of<std::int64_t>(chance, {0, 20, 50});
  p.wall_skew = one_of(chance, {0 * ms, 2 * second});
  p.news_max = one_of(chance, {1 * ms, 300 * ms});
}

}  // namespace

plan draw_plan(std::uint64_t seed) {
  random chance(mix(seed, 0x736861726573));
  plan p{.seed = seed};
  p.brokers = one_of<std::int64_t>(chance, {1, 3, 3, 3, 5});
  p.state_logs = chance.between(1, 2);
  p.groups = chance.between(1, 2);
  p.members = chance.between(1, 4);
  p.topics = chance.between(1, 2);
  p.partitions = chance.between(1, 2);
  p.produce_every = one_of(chance, {40 * ms, 100 * ms, 300 * ms});
  p.batch_max = one_of<std::int64_t>(chance, {1, 3, 8});
  p.hidden = one_of(chance, {0U, 0U, 150'000U});
  p.from_latest = chance.chance(400'000);
  p.accepts = one_of(chance, {150'000U, 400'000U, 700'000U});
  p.releases = one_of(chance, {0U, 100'000U, 300'000U});
  p.rejects = one_of(chance, {0U, 50'000U});
  p.renews = one_of(chance, {0U, 100'000U});
  p.lies = one_of(chance, {0U, 20'000U, 100'000U});
  p.pauses = one_of(chance, {0U, 5'000U, 30'000U});
  p.quits = one_of(chance, {0U, 20'000U});
  p.turn_max = one_of(chance, {20 * ms, 60 * ms});
  p.call_patience = one_of(chance, {60 * ms, 250 * ms});
  p.state_patience = one_of(chance, {100 * ms, 600 * ms});
  p.deliveries.lock_duration_ms = one_of(chance, {100, 300, 800});
  p.deliveries.deliveries_max = one_of<std::int16_t>(chance, {1, 2, 3, 5, 20});
  p.deliveries.records_in_flight_max = one_of(chance, {5, 20, 200});
  p.states.updates_per_snapshot = one_of(chance, {0U, 3U, 20U});
  p.session_ms = one_of(chance, {400, 1'000});
  draw_trouble(chance, p);
  return p;
}

std::string describe(const plan& p) {
  std::string out = fmt::format(
      "{} brokers, {} logs of states, {} groups of up to {} members, {} topics of up to {} "
      "partitions, a batch of up to {} records each {} ms; locks of {} ms, {} deliveries at most, "
      "{} "
      "records out; of a million turns {} accept, {} release, {} reject, {} renew, {} lie, {} "
      "pause, "
      "{} begin anew; delays to {} ms, flushes to {} ms, lost {} of a million, sessions {} ms, "
      "clocks within {} %",
      p.brokers, p.state_logs, p.groups, p.members, p.topics, p.partitions, p.batch_max,
      p.produce_every / ms, p.deliveries.lock_duration_ms, p.deliveries.deliveries_max,
      p.deliveries.records_in_flight_max, p.accepts, p.releases, p.rejects, p.renews, p.lies,
      p.pauses, p.quits, p.links.delay_max / ms, p.links.flush_max / ms, p.links.loss, p.session_ms,
      p.clock_percent);
  const auto add = [&](const char* what, moment every) {
    if (every != 0) out += fmt::format(", {} every {} ms", what, every / ms);
  };
  add("crashes", p.trouble.crash_every);
  add("cuts", p.trouble.cut_every);
  add("new leaders", p.trouble.move_every);
  add("compaction of states", p.trouble.compact_every);
  add("records deleted", p.delete_every);
  add("records compacted", p.compact_data_every);
  add("alterations", p.admin_every);
  add("members that come and go", p.come_every);
  if (p.copies != 0) out += fmt::format(", {} of a million requests come again", p.copies);
  if (p.trouble.mischief != 0)
    out += fmt::format(", mischief after {} steps of a million", p.trouble.mischief);
  return out;
}

const std::vector<mutation>& mutations() {
#define WEIR_BREAKS(name, rule, seeds) {name, [](plan& p) { p.rule = true; }, seeds}
  static const std::vector<mutation> all{
      WEIR_BREAKS("gives-twice", broken.gives_twice, 100),
      WEIR_BREAKS("takes-anyones-word", broken.takes_anyones_word, 200),
      WEIR_BREAKS("takes-any-word", broken.takes_any_word, 100),
      WEIR_BREAKS("release-uncounted", broken.release_uncounted, 100),
      WEIR_BREAKS("delivers-for-ever", broken.delivers_for_ever, 100),
      WEIR_BREAKS("locks-never-end", broken.locks_never_end, 100),
      WEIR_BREAKS("renews-nothing", broken.renews_nothing, 200),
      WEIR_BREAKS("passes-acquired", broken.passes_acquired, 100),
      WEIR_BREAKS("ignores-log-start", broken.ignores_log_start, 300),
      WEIR_BREAKS("joins-unlike", broken.joins_unlike, 100),
      WEIR_BREAKS("accepts-untold", broken.accepts_untold, 100),
      WEIR_BREAKS("ends-locks-untold", broken.ends_locks_untold, 100),
      WEIR_BREAKS("forgets-start", broken.forgets_start, 500),
      WEIR_BREAKS("releases-untold", broken.releases_untold, 200),
      WEIR_BREAKS("older-counts", broken.older_counts, 100),
      WEIR_BREAKS("done-by-count", broken.done_by_count, 3000),
      WEIR_BREAKS("any-leader-epoch", broken.any_leader_epoch, 300),
      WEIR_BREAKS("any-state-epoch", broken.any_state_epoch, 4000),
      WEIR_BREAKS("unread-writes", broken.unread_writes, 3000),
      WEIR_BREAKS("reads-fence-nobody", broken.reads_fence_nobody, 300),
      WEIR_BREAKS("start-goes-back", broken.start_goes_back, 1000),
      WEIR_BREAKS("begins-twice", broken.begins_twice, 3000),
      WEIR_BREAKS("snapshot-drops-counts", broken.snapshot_drops_counts, 100),
      WEIR_BREAKS("updates-hold-news-only", broken.updates_hold_news_only, 300),
      WEIR_BREAKS("replays-no-changes", broken.replays_no_changes, 100),
      WEIR_BREAKS("any-session-epoch", broken.any_session_epoch, 300),
      WEIR_BREAKS("acks-before-stored", broken_outside.acks_before_stored, 100),
      WEIR_BREAKS("goes-on-unstored", broken_outside.goes_on_unstored, 300),
      WEIR_BREAKS("starts-unstored", broken_outside.starts_unstored, 1000),
      WEIR_BREAKS("keeps-for-ever", broken_outside.keeps_for_ever, 3000),
      WEIR_BREAKS("answers-before-commit", broken_outside.answers_before_commit, 300),
      WEIR_BREAKS("serves-before-read", broken_outside.serves_before_read, 300),
      WEIR_BREAKS("cleans-all-tombstones", broken_cleaner.cleans_all_tombstones, 1000),
  };
#undef WEIR_BREAKS
  return all;
}

}  // namespace weir::sim::shares
