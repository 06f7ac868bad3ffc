#include "sim/groups/plan.h"

#include <fmt/format.h>

#include <limits>

namespace weir::sim::groups {
namespace {

template <typename T>
T one_of(random& chance, std::initializer_list<T> from) {
  return from.begin()[chance.below(from.size())];
}

// Half of the runs have none of it (swarm testing, as sim/plan.cc).
moment maybe_every(random& chance, moment low, moment high) {
  return chance.chance(500'000) ? 0 : chance.between(low, high);
}

group::group_settings draw_settings(random& chance, const plan& p) {
  group::group_settings s;
  s.session_timeout_ms_min = 1;
  s.first_rebalance_delay_ms = one_of(chance, {0, 100, 400});
  s.new_member_timeout_ms = 2'000;
  s.offsets_retention_ms = one_of<std::int64_t>(chance, {86'400'000, 400, 1'500});
  s.offsets_check_ms = one_of<std::int64_t>(chance, {100, 500});
  s.batch_bytes_max = one_of<std::size_t>(chance, {1'000'000, 1'000'000, 1'500});
  s.work_per_tick = one_of<std::size_t>(chance, {2'000, 3});
  s.consumer.session_timeout_ms = one_of(chance, {500, 1'000});
  s.consumer.heartbeat_interval_ms = 50;
  s.consumer.assignment_interval_ms = one_of(chance, {0, 0, 300});
  s.consumer.regex_refresh_ms = 1'000;
  s.consumer.regex_refresh_ms_min = 100;
  if (chance.chance(300'000)) s.consumer.assignors = {group::assignor::range};
  if (p.mixed && chance.chance(300'000)) s.consumer.migration = group::migration_policy::upgrade;
  return s;
}

void draw_streams(random& chance, plan& p) {
  p.streams = one_of(chance, {0U, 0U, 400'000U, 1'000'000U});
  p.turns = one_of(chance, {0U, 0U, 500'000U});
  p.refused = one_of(chance, {0U, 300'000U});
  p.withholds = chance.chance(150'000);
  p.leaves_missing = chance.chance(200'000);
  p.making_max = one_of(chance, {1 * ms, 100 * ms, 800 * ms});
  auto& s = p.settings.streams;
  s.session_timeout_ms = p.settings.consumer.session_timeout_ms;
  s.heartbeat_interval_ms = 50;
  s.standby_replicas = one_of(chance, {0, 1, 1, 2});
  s.initial_rebalance_delay_ms = one_of(chance, {0, 100, 400});
  s.assignment_interval_ms = one_of(chance, {0, 0, 300});
}

}  // namespace

plan draw_plan(std::uint64_t seed) {
  random chance(mix(seed, 0x67727073));
  plan p{.seed = seed};
  p.brokers = one_of<std::int64_t>(chance, {1, 3, 3, 3, 5});
  p.logs = chance.between(1, 2);
  p.groups = chance.between(1, 3);
  p.clients = chance.between(1, 4);
  p.topics = chance.between(1, 3);
  p.partitions = chance.between(1, 4);
  p.classic = one_of(chance, {0U, 500'000U, 500'000U, 1'000'000U});
  p.mixed = chance.chance(350'000);
  p.instances = one_of(chance, {0U, 300'000U, 800'000U});
  p.transactional = one_of(chance, {0U, 300'000U, 1'000'000U});
  p.regexes = one_of(chance, {0U, 300'000U});
  p.commits = one_of(chance, {20'000U, 100'000U, 400'000U, 700'000U});
  p.pauses = one_of(chance, {0U, 3'000U, 15'000U});
  p.resets = one_of(chance, {0U, 20'000U});
  p.keepers = one_of(chance, {0U, 0U, 200'000U});
  p.delay_max = one_of(chance, {1 * ms, 5 * ms, 30 * ms});
  p.flush_max = one_of(chance, {1 * ms, 5 * ms, 40 * ms});
  p.load_max = one_of(chance, {1 * ms, 30 * ms});
  p.loss = one_of(chance, {0U, 5'000U, 40'000U});
  p.copies = one_of(chance, {0U, 20'000U, 100'000U});
  p.outsiders = chance.chance(400'000);
  p.turn_max = one_of(chance, {20 * ms, 60 * ms});
  p.quorum_patience = one_of(chance, {150 * ms, 300 * ms, 2 * second});
  p.crash_every = maybe_every(chance, 200 * ms, 3 * second);
  p.down_max = one_of(chance, {5 * ms, 100 * ms, 800 * ms});
  p.cut_every = maybe_every(chance, 200 * ms, 2 * second);
  p.move_every = maybe_every(chance, 100 * ms, 2 * second);
  p.compact_every = maybe_every(chance, 100 * ms, second);
  p.topics_every = maybe_every(chance, 300 * ms, 3 * second);
  p.admin_every = maybe_every(chance, 300 * ms, 2 * second);
  p.come_every = maybe_every(chance, 200 * ms, 2 * second);
  p.mischief = one_of(chance, {0U, 1'000U, 10'000U});
  p.clock_percent = one_of<std::int64_t>(chance, {0, 20, 50});
  p.wall_skew = one_of(chance, {0 * ms, 2 * second});
  p.topic_news_max = one_of(chance, {1 * ms, 300 * ms});
  p.session_ms = one_of(chance, {500, 1'000});
  p.rebalance_ms = one_of(chance, {600, 1'500});
  p.transaction_timeout = one_of(chance, {300 * ms, second});
  p.settings = draw_settings(chance, p);
  draw_streams(chance, p);
  return p;
}

std::string describe(const plan& p) {
  std::string out = fmt::format(
      "{} brokers, {} logs, {} groups of up to {} clients{}, {} topics of up to {} partitions; of "
      "a "
      "million clients {} classic, {} static, {} transactional, {} with regexes; delays to {} ms, "
      "flushes to {} ms, lost {} of a million, sessions {} and {} ms, clocks within {} %",
      p.brokers, p.logs, p.groups, p.clients, p.mixed ? " of both protocols" : "", p.topics,
      p.partitions, p.classic, p.instances, p.transactional, p.regexes, p.delay_max / ms,
      p.flush_max / ms, p.loss, p.session_ms, p.settings.consumer.session_timeout_ms,
      p.clock_percent);
  const auto add = [&](const char* what, moment every) {
    if (every != 0) out += fmt::format(", {} every {} ms", what, every / ms);
  };
  add("crashes", p.crash_every);
  add("cuts", p.cut_every);
  add("new leaders", p.move_every);
  add("compaction", p.compact_every);
  add("other topics", p.topics_every);
  add("deletions", p.admin_every);
  add("clients that come and go", p.come_every);
  if (p.streams != 0) {
    const auto& s = p.settings.streams;
    out += fmt::format(
        ", {} of a million groups of streams with {} standbys, delays of {} ms and {} between "
        "assignments, of their topics {} of a million refused and others made within {} ms{}{}",
        p.streams, s.standby_replicas, s.initial_rebalance_delay_ms, s.assignment_interval_ms,
        p.refused, p.making_max / ms, p.withholds ? ", none before the end" : "",
        p.leaves_missing ? "; sources may be missing" : "");
  }
  if (p.mischief != 0) out += fmt::format(", mischief after {} steps of a million", p.mischief);
  if (p.settings.offsets_retention_ms < 10'000)
    out += fmt::format(", offsets expire after {} ms", p.settings.offsets_retention_ms);
  return out;
}

const std::vector<mutation>& mutations() {
// Groups of streams have rules of their own; the others are looked for where there are none.
#define WEIR_BREAKS_OF(share, name, rule, seeds) \
  {name,                                         \
   [](plan& p) {                                 \
     p.rule = true;                              \
     p.streams = share;                          \
   },                                            \
   seeds}
#define WEIR_BREAKS(name, rule, seeds) WEIR_BREAKS_OF(0U, name, rule, seeds)
#define WEIR_BREAKS_STREAMS(name, rule, seeds) WEIR_BREAKS_OF(1'000'000U, name, rule, seeds)
  static const std::vector<mutation> all{
      WEIR_BREAKS("keeps-generation", broken.keeps_generation, 100),
      WEIR_BREAKS("commits-in-any-generation", broken.commits_in_any_generation, 100),
      WEIR_BREAKS("beats-in-any-generation", broken.beats_in_any_generation, 2000),
      WEIR_BREAKS("followers-assign", broken.followers_assign, 500),
      WEIR_BREAKS("assigns-unstored", broken.assigns_unstored, 100),
      WEIR_BREAKS("forgets-generation", broken.forgets_generation, 100),
      WEIR_BREAKS("old-instance-goes-on", broken.old_instance_goes_on, 1500),
      WEIR_BREAKS("return-not-stored", broken.return_not_stored, 100),
      WEIR_BREAKS("silent-members-stay", broken.silent_members_stay, 300),
      WEIR_BREAKS("keeps-epoch", broken.keeps_epoch, 100),
      WEIR_BREAKS("takes-what-is-owned", broken.takes_what_is_owned, 100),
      WEIR_BREAKS("awaits-no-revocation", broken.awaits_no_revocation, 100),
      WEIR_BREAKS("fences-nobody", broken.fences_nobody, 100),
      WEIR_BREAKS("believes-old-epochs", broken.believes_old_epochs, 300),
      WEIR_BREAKS("commits-in-any-epoch", broken.commits_in_any_epoch, 300),
      WEIR_BREAKS("takes-instances", broken.takes_instances, 100),
      WEIR_BREAKS("replays-no-revoking", broken.replays_no_revoking, 100),
      WEIR_BREAKS("replays-no-epochs", broken.replays_no_epochs, 100),
      WEIR_BREAKS("ends-without-tombstone", broken.ends_without_tombstone, 300),
      WEIR_BREAKS("ends-in-memory", broken.ends_in_memory, 100),
      WEIR_BREAKS("silent-consumers-stay", broken.silent_consumers_stay, 100),
      WEIR_BREAKS("keepers-stay", broken.keepers_stay, 600),
      WEIR_BREAKS_STREAMS("keeps-streams-epoch", broken.keeps_streams_epoch, 100),
      WEIR_BREAKS_STREAMS("takes-owned-tasks", broken.takes_owned_tasks, 100),
      WEIR_BREAKS_STREAMS("shares-processes", broken.shares_processes, 300),
      WEIR_BREAKS_STREAMS("awaits-no-tasks", broken.awaits_no_tasks, 100),
      WEIR_BREAKS_STREAMS("fences-no-streams", broken.fences_no_streams, 100),
      WEIR_BREAKS_STREAMS("believes-old-streams", broken.believes_old_streams, 300),
      WEIR_BREAKS_STREAMS("commits-tasks-in-any-epoch", broken.commits_tasks_in_any_epoch, 300),
      WEIR_BREAKS_STREAMS("replays-no-revoked-tasks", broken.replays_no_revoked_tasks, 100),
      WEIR_BREAKS_STREAMS("ends-streams-in-memory", broken.ends_streams_in_memory, 100),
      WEIR_BREAKS_STREAMS("runs-without-topics", broken.runs_without_topics, 100),
      WEIR_BREAKS_STREAMS("asks-once-for-topics", broken.asks_once_for_topics, 100),
      WEIR_BREAKS_STREAMS("looks-once-at-topics", broken.looks_once_at_topics, 100),
      WEIR_BREAKS_STREAMS("silent-streams-stay", broken.silent_streams_stay, 100),
      WEIR_BREAKS_STREAMS("task-keepers-stay", broken.task_keepers_stay, 600),
      WEIR_BREAKS("aborts-commit", broken.aborts_commit, 100),
      WEIR_BREAKS("takes-back", broken.takes_back, 100),
      WEIR_BREAKS("tells-unstable", broken.tells_unstable, 100),
      WEIR_BREAKS("leaves-pending", broken.leaves_pending, 300),
      WEIR_BREAKS("expires-unrecorded", broken.expires_unrecorded, 100),
      WEIR_BREAKS("expires-wanted", broken.expires_wanted, 100),
      WEIR_BREAKS("deletes-with-members", broken.deletes_with_members, 100),
      WEIR_BREAKS("answers-before-commit", broken_outside.answers_before_commit, 100),
      {"answers-unconfirmed",
       [](plan& p) {
         p.broken_outside.answers_unconfirmed = true;
         // Where leaders are cut off often, and take long to notice.
         p.cut_every = 300 * ms;
         p.quorum_patience = 2 * second;
         p.outsiders = true;
         p.streams = 0;
       },
       1000},
      WEIR_BREAKS("serves-before-read", broken_outside.serves_before_read, 100),
      WEIR_BREAKS("keeps-core", broken_outside.keeps_core, 100),
      WEIR_BREAKS("places-first-batch-only", broken_outside.places_first_batch_only, 2000),
      WEIR_BREAKS("hides-markers", broken_outside.hides_markers, 100),
      WEIR_BREAKS("takes-old-producers", broken_outside.takes_old_producers, 100),
      WEIR_BREAKS("cleans-open", broken_cleaner.cleans_open, 100),
      WEIR_BREAKS("cleans-all-tombstones", broken_cleaner.cleans_all_tombstones, 100),
  };
#undef WEIR_BREAKS_STREAMS
#undef WEIR_BREAKS
#undef WEIR_BREAKS_OF
  return all;
}

}  // namespace weir::sim::groups
