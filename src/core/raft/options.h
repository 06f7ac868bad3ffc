#pragma once
// How a group behaves in time. Any values are safe; these decide how fast it is and how calm.
#include <chrono>
#include <cstdint>

namespace weir::raft {

using std::chrono::milliseconds;

struct raft_options {
  // A follower that has not heard from a leader for a time drawn from here stands for election
  // (section 3.4). A leader that has not heard from a majority for the longer one steps down.
  milliseconds election_min{150};
  milliseconds election_max{300};
  milliseconds heartbeat{50};
  bool pre_vote = true;  // section 9.6
  // The shell watches the nodes themselves and wakes groups whose members fall silent
  // (consensus::asleep), so that idle ones may do without heartbeats.
  bool rest = false;

  // What may be on its way to one follower, unanswered.
  std::uint32_t inflight_messages_max = 8;
  std::uint64_t inflight_bytes_max = 8U << 20;
  // What one message carries; a single larger entry goes alone.
  std::uint32_t append_entries_max = 256;
  std::uint64_t append_bytes_max = 1U << 20;
  // Reads that wait for their round at once.
  std::uint32_t reads_max = 4096;
};

}  // namespace weir::raft
