#pragma once
// How a run goes, all of it from its seed; and the rules that it breaks.
#include <string>
#include <vector>

#include "core/transaction/defects.h"
#include "sim/event_queue.h"
#include "sim/random.h"

namespace weir::sim::transactions {

// Rules that are not the coordinator's: its shell's, and those of the partitions' logs.
struct outer_defects {
  bool answers_before_commit = false;
  bool markers_before_commit = false;
  bool takes_old_markers = false;          // the epoch of a marker is not looked at
  bool takes_old_coordinators = false;     // nor that of the coordinator
  bool begins_unverified = false;          // a partition takes the first record unasked
  bool believes_old_verification = false;  // one that a marker passed
  bool reports_failure_of_sent = false;  // a marker of version 1 "failed", and arrives all the same
  bool classic_copies_late = false;      // KAFKA-17754: no rule, but what version 1 can't stand
};

struct plan {
  std::uint64_t seed = 0;
  transaction::defects broken{};
  outer_defects broken_outside{};

  std::int64_t coordinators = 1;  // partitions of `__transaction_state`
  std::int64_t partitions = 3;    // with data
  std::int64_t ids = 2;
  std::uint32_t classic = 0;       // of a million clients: version 1
  std::uint32_t aborts = 300'000;  // of a million transactions
  std::uint32_t impatient = 0;     // of a million records: the client aborts without the answer
  std::uint32_t forgetful = 0;     // of a million transactions: never ended
  moment delay_max = 5 * ms;
  moment commit_max = 5 * ms;  // until a batch of a coordinator is committed
  std::uint32_t loss = 0;      // of a million messages
  std::uint32_t copies = 0;    // which arrive twice, the second one late
  moment late_max = 2 * second;
  moment crash_every = 0;  // of coordinators; 0: never
  moment down_max = 300 * ms;
  moment restart_every = 0;  // of the leaders of partitions with data
  moment compact_every = 0;
  moment replace_every = 0;    // a second client for the same id: the first is a zombie
  moment patience = 300 * ms;  // of a client, for one answer
  moment timeout = second;     // of transactions
  moment expiration = 0;       // of ids that are not used; 0: never
  bool old_epochs = false;     // ids begin with nearly all epochs used up
  moment chaos = 10 * second;
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

}  // namespace weir::sim::transactions
