#pragma once
// How a run goes, all of it from its seed; and the rules that it breaks.
#include <string>
#include <vector>

#include "core/group/defects.h"
#include "core/group/settings.h"
#include "sim/event_queue.h"
#include "sim/random.h"
#include "sim/replicated/replicated_log.h"

namespace weir::sim::groups {

// Rules that are not the coordinator's but its shell's.
struct outer_defects {
  bool answers_before_commit = false;
  bool answers_unconfirmed = false;  // a leader answers without asking whether it still is one
  bool serves_before_read = false;   // a new leader decides before it knows its log
  bool keeps_core = false;           // who leads again goes on with what it had in hand before
  bool places_first_batch_only = false;
  bool hides_markers = false;        // the core is not told of a marker that was placed
  bool takes_old_producers = false;  // the epoch of a producer or a marker is not looked at
};

struct plan {
  std::uint64_t seed = 0;
  group::defects broken{};
  outer_defects broken_outside{};
  replicated::cleaner_defects broken_cleaner{};

  std::int64_t brokers = 3;
  std::int64_t logs = 1;  // partitions of `__consumer_offsets`
  std::int64_t groups = 2;
  std::int64_t clients = 3;  // of each group, at most
  std::int64_t topics = 2;
  std::int64_t partitions = 3;  // of each topic, at most
  // Of a million clients.
  std::uint32_t classic = 500'000;
  std::uint32_t instances = 300'000;      // static members
  std::uint32_t transactional = 300'000;  // who commit in transactions
  std::uint32_t regexes = 200'000;
  bool mixed = false;      // both protocols in one group
  bool outsiders = false;  // there are some who commit without being in a group
  // Of a million turns of a client.
  std::uint32_t commits = 400'000;
  std::uint32_t pauses = 5'000;      // longer than its session
  std::uint32_t stubborn = 500'000;  // of those fenced: commit all the same
  std::uint32_t resets = 20'000;     // a commit that goes back on purpose
  std::uint32_t aborts = 300'000;    // of transactions
  std::uint32_t keepers = 0;         // of a million revocations: never carried out

  std::uint32_t streams = 0;    // of a million groups: of the streams protocol
  std::uint32_t turns = 0;      // of those: classic now and then, once nobody is in them
  std::uint32_t refused = 0;    // of a million topics that a streams group needs: not made
  bool withholds = false;       // none is made until all else has come to rest
  bool leaves_missing = false;  // at the end sources may be missing

  moment delay_max = 5 * ms;
  moment flush_max = 3 * ms;
  moment load_max = 10 * ms;   // of one piece of a log that is read
  std::uint32_t loss = 0;      // of a million messages
  std::uint32_t copies = 0;    // of requests: come again when their time is over
  moment patience = 200 * ms;  // of a client, for one answer
  moment turn_max = 60 * ms;   // between a client's requests
  moment quorum_patience = 300 * ms;
  // How often trouble comes, on average; 0: not in this run.
  moment crash_every = 0;
  moment down_max = 400 * ms;
  moment cut_every = 0;
  moment cut_max = 800 * ms;
  moment move_every = 0;
  moment compact_every = 0;
  moment topics_every = 0;
  moment admin_every = 0;
  moment come_every = 0;       // clients begin, end, or are gone
  std::uint32_t mischief = 0;  // of a million steps, at each of their ends: a crash or a new leader
  std::int64_t clock_percent = 0;  // clocks run so much faster or slower
  moment wall_skew = 0;
  moment topic_news_max = 50 * ms;  // until a broker knows of a topic's change
  moment making_max = 50 * ms;      // of a topic that a streams group needs

  group::group_settings settings;
  std::int32_t session_ms = 600;  // of the classic protocol's members
  std::int32_t rebalance_ms = 900;
  moment transaction_timeout = second;
  moment chaos = 8 * second;
};

plan draw_plan(std::uint64_t seed);
// What is done in such a run, in words.
std::string describe(const plan& p);

struct mutation {
  std::string name;
  void (*breaks)(plan&);
  std::uint64_t seeds_max;
};
const std::vector<mutation>& mutations();

}  // namespace weir::sim::groups
