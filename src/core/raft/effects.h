#pragma once
// What the shell has to do after a call: plain data, in the order to perform. The calls of one
// group are made one after the other and their effects performed in that order.
//
// Rules for the shell:
// - Log writes come first, in the order of the members below. A truncation must not lose the last
//   vote: where vote frames lie behind it, the vote is durable elsewhere before the cut.
// - `send` may leave at once. `send_once_durable` leaves after a flush that covers everything
//   written by this call and those before it; a crash before that drops it.
// - After a flush it reports consensus::durable(index), which means the entries that the log has
//   now: a flush that was under way when the log was truncated reports no more than the cut left.
#include <cstdint>
#include <optional>
#include <vector>

#include "core/raft/message.h"

namespace weir::raft {

enum class role : std::uint8_t { follower, pre_candidate, candidate, leader };

struct leadership {
  raft::role role = role::follower;
  weir::term term;
  node_id leader = nobody;  // who leads, as far as is known here
  bool operator==(const leadership&) const = default;
};

// Entries to read from the log for `to`: those that are left from `from` on, at most `entries_max`
// of them and not beyond `through`, at most `bytes_max` bytes of bodies but at least one. Then call
// consensus::ship, which makes the message; until then nothing else is asked for this peer.
struct ship_request {
  node_id to;
  log_index from;
  log_index through;
  std::uint32_t entries_max = 0;
  std::uint64_t bytes_max = 0;
  bool operator==(const ship_request&) const = default;
};

struct read_answer {
  std::uint64_t id = 0;
  // Readable once the state has applied this; nothing: no longer the leader, ask another.
  std::optional<log_index> index;
  bool operator==(const read_answer&) const = default;
};

// A peer broke the protocol, or lost its disk and came back under its old name. The message was
// not taken; the replica should be closed and looked at.
enum class fault : std::uint8_t {
  malformed,             // heads do not follow each other, a configuration is missing
  conflict_with_commit,  // an entry that is committed here is another one there
  match_beyond_log,      // a follower claims entries that this leader does not have
};

struct effects {
  // The log, durable in this order.
  std::optional<entry_id> held;             // to be saved like a vote: see stored_state
  std::optional<install_snapshot> reset;    // forget the log, take the snapshot that came along
  std::optional<log_index> truncate_after;  // forget the entries behind this one
  std::optional<vote> save_vote;
  std::vector<entry_head> append;
  std::vector<placed_configuration> configurations;  // bodies of configuration entries among them

  // The network.
  std::vector<message> send;
  std::vector<message> send_once_durable;
  std::vector<message> heartbeats;  // as `send`; due at the same time in all groups
  std::vector<message> snapshots;   // install_snapshot: ship the state with it, over its own way
  std::vector<ship_request> ship;

  // News.
  std::optional<log_index> commit;
  std::optional<leadership> leadership;
  std::optional<placed_configuration> members;  // in effect from now on
  std::vector<node_id> caught_up;               // learners that may become voters
  std::vector<read_answer> reads;
  std::optional<raft::fault> fault;
};

}  // namespace weir::raft
