#pragma once
// The groups between which a shard's processor time and its device's time are shared out. A group's
// shares count only while others have work too; Seastar takes them for both.
//
// Until start() all of them are the main group, so that tests of the rooms need not start anything.
#include <seastar/core/future.hh>
#include <seastar/core/scheduling.hh>

namespace weir {

struct scheduling_groups {
  seastar::scheduling_group produce;     // taking records in, and making them durable
  seastar::scheduling_group fetch;       // giving them out
  seastar::scheduling_group background;  // retention, deletion, settling of the journal, compaction
};

inline constexpr float produce_shares = 1000;
inline constexpr float fetch_shares = 1000;
// Enough to go on under full load, too little to be felt.
inline constexpr float background_shares = 150;

[[nodiscard]] const scheduling_groups& groups();
// On shard 0, before anything uses the groups; for all shards. Once in a process's life.
seastar::future<> start_scheduling_groups();

}  // namespace weir
