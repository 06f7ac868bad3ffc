#pragma once
// What nodes of a group say to each other. Plain data: the shell encodes it, puts the bodies of
// entries beside it, and may lose, repeat, delay and reorder it at will.
#include <cstdint>
#include <variant>
#include <vector>

#include "core/raft/configuration.h"
#include "core/raft/entry.h"

namespace weir::raft {

// Section 3.4; a pre-vote (section 9.6) asks whether a real one would be granted.
struct vote_request {
  entry_id last;  // of the candidate's log
  bool pre_vote = false;
  bool forced = false;  // the leader asked for it (section 3.10): a live leader is no obstacle
  bool operator==(const vote_request&) const = default;
};
struct vote_reply {
  bool granted = false;
  bool pre_vote = false;
  bool operator==(const vote_reply&) const = default;
};

// Section 3.5. Entries follow `previous`. Where indexes are left out, compaction took those entries
// from the sender's log: what stands behind such a hole is committed.
struct append_request {
  entry_id previous;
  std::vector<entry_head> entries;
  std::vector<placed_configuration> configurations;  // contents of those among the entries
  log_index commit;
  log_index forgotten;  // the sender's consensus::forgotten()
  bool operator==(const append_request&) const = default;
};
// Whether indexes, terms and configurations are such that a leader of this term can have sent them.
bool well_formed(const append_request& request, weir::term leaders);
// Sent only once what it says is durable.
struct append_reply {
  bool accepted = false;
  log_index match;           // accepted: the sender's log is the leader's up to here, on its disk
  log_index previous;        // refused: the request's
  entry_id hint;             // refused: log_shape::last_not_above(previous)
  bool starts_over = false;  // refused: it needs the state, see consensus::forgotten
  bool operator==(const append_reply&) const = default;
};

// Small, without entries, and due at the same moments in all groups of a broker: the shell packs
// those to one peer into one message.
struct heartbeat {
  log_index commit;  // never above what the receiver is known to match
  std::uint64_t round = 0;
  bool rest = false;   // no more of them will come if all agree: see consensus::asleep
  log_index everyone;  // all members have the log on disk up to here
  bool operator==(const heartbeat&) const = default;
};
struct heartbeat_reply {
  std::uint64_t round = 0;
  log_index received;  // the log is the leader's up to here, in memory
  log_index stored;    // and up to here on disk
  bool rests = false;  // the sender sleeps from now on
  bool operator==(const heartbeat_reply&) const = default;
};

// The state up to and including `last`, beside this message. Answered by append_reply.
struct install_snapshot {
  entry_id last;
  configuration members;     // in effect there; without voters: those that the group began with
  log_index forgotten;       // the sender's
  bool starts_over = false;  // the receiver asked for it: it gives up what it has
  bool operator==(const install_snapshot&) const = default;
};

struct timeout_now {  // section 3.10: stand for election at once
  bool operator==(const timeout_now&) const = default;
};

struct message {
  node_id from;
  node_id to;
  // The sender's; of a pre-vote and of the answer that grants it, the one that it would stand in.
  weir::term term;
  std::variant<vote_request, vote_reply, append_request, append_reply, heartbeat, heartbeat_reply,
               install_snapshot, timeout_now>
      body;
  bool operator==(const message&) const = default;
};

}  // namespace weir::raft
