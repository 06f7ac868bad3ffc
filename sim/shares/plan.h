#pragma once
// How a run goes, all of it from its seed; and the rules that it breaks.
#include <string>
#include <vector>

#include "core/share/coordinator.h"
#include "core/share/deliveries.h"
#include "sim/replicated/brokers.h"

namespace weir::sim::shares {

using namespace replicated;  // NOLINT: the world is made of it

// Rules that are not the cores' but their shells'.
struct outer_defects {
  bool acks_before_stored = false;  // an acknowledgement is answered at once
  bool goes_on_unstored = false;    // so does a leader whose write failed
  bool starts_unstored = false;     // records are given before it is stored where the group begins
  bool keeps_for_ever = false;      // a leader never reads again what may have been altered
  bool answers_before_commit = false;
  bool serves_before_read = false;  // a new coordinator decides before it knows its log
};

struct plan {
  std::uint64_t seed = 0;
  share::defects broken{};
  outer_defects broken_outside{};
  cleaner_defects broken_cleaner{};

  std::int64_t brokers = 3;
  std::int64_t state_logs = 1;  // partitions of `__share_group_state`
  std::int64_t groups = 1;
  std::int64_t members = 3;  // of each group, at most
  std::int64_t topics = 1;
  std::int64_t partitions = 2;  // of each topic, at most
  moment produce_every = 100 * ms;
  std::int64_t batch_max = 6;      // records
  std::int64_t records_max = 250;  // of each partition
  std::uint32_t hidden = 0;        // of a million batches: for nobody
  bool from_latest = false;        // where groups begin
  moment delete_every = 0;         // records before some offset
  moment compact_data_every = 0;   // a batch is gone

  // Of a million turns of a member, what it does with records that it has.
  std::uint32_t accepts = 600'000;
  std::uint32_t releases = 100'000;
  std::uint32_t rejects = 50'000;
  std::uint32_t renews = 80'000;
  std::uint32_t lies = 20'000;    // acknowledges what it does not have
  std::uint32_t pauses = 10'000;  // longer than its locks
  std::uint32_t quits = 20'000;   // its session, and begins another

  moment late_max = 1500 * ms;       // what may come twice, or after it was given up
  std::uint32_t copies = 0;          // of a million requests
  moment load_max = 10 * ms;         // of one piece of a log that is read
  moment read_max = 4 * ms;          // of records
  moment patience = 300 * ms;        // of a member, for one answer
  moment turn_max = 40 * ms;         // between a member's requests
  moment call_patience = 250 * ms;   // between brokers
  moment state_patience = 600 * ms;  // until a share coordinator must have answered
  moment news_max = 50 * ms;         // until a copy follows deletions
  moment admin_every = 0;
  moment come_every = 0;  // members begin, end, or are gone

  link_rules links;
  trouble_rules trouble;
  std::int64_t clock_percent = 0;  // clocks run so much faster or slower
  moment wall_skew = 0;

  share::delivery_settings deliveries;
  share::share_settings states;
  std::int32_t session_ms = 800;  // of a group's members
  std::int32_t initialize_retry_ms = 1'500;
  moment chaos = 7 * second;
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

}  // namespace weir::sim::shares
