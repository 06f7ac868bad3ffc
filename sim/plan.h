#pragma once
// What a run will be like: everything is drawn from its seed, extremes included, so that runs
// differ in kind and not only in luck (swarm testing: Groce et al., ISSTA 2012).
#include <string>
#include <vector>

#include "core/raft/defects.h"
#include "core/raft/options.h"
#include "sim/event_queue.h"
#include "sim/random.h"

namespace weir::sim {

struct plan {
  std::uint64_t seed = 0;
  raft::raft_options options;
  raft::defects broken;
  moment chaos = 15 * second;

  std::int64_t nodes = 3;
  std::int64_t spares = 2;  // nodes that may join
  std::size_t segment_bytes = 4096;
  moment tick = 10 * ms;
  moment flush_max = 5 * ms;
  moment slow_flush_max = 400 * ms;
  moment ship_delay_max = 0;  // reading a range from the log
  moment delay_max = 5 * ms;  // of a message
  std::uint32_t loss = 0;     // the following are per million
  std::uint32_t repeats = 0;
  std::uint32_t late = 0;  // messages that take up to `late_max`
  moment late_max = 500 * ms;
  std::int64_t clock_percent = 0;  // clocks run up to so much faster or slower

  // How often each kind of trouble comes, on average; 0: not in this run.
  moment crash_every = 0;
  moment down_max = 3 * second;        // after a crash
  std::uint32_t crash_after_vote = 0;  // per million
  moment cut_every = 0;
  moment slow_every = 0;
  moment transfer_every = 0;
  moment change_every = 0;
  moment trim_every = 0;
  moment lose_disk_every = 0;
  moment rot_every = 0;
  std::uint32_t refused = 0;  // of a million crashes and nodes: it is told at once
  moment alarm_every = 0;     // told so, though it is not
  moment compact_every = 0;

  std::int64_t producers = 2;
  std::int64_t registers = 2;
  std::int64_t writers = 3;
  std::int64_t readers = 2;
  moment patience_max = 1500 * ms;  // after which a client asks again
  moment pause_max = 40 * ms;       // between a client's requests
};

plan draw_plan(std::uint64_t seed);

// Names of the rules that can be broken, for the command line and the table in docs/simulation.md.
struct mutation {
  const char* name;
  bool raft::defects::* defect;
  std::uint64_t seeds_max = 100;  // within which the tests want it noticed
};
const std::vector<mutation>& mutations();

}  // namespace weir::sim
