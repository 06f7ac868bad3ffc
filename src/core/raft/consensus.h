#pragma once
// One partition's consensus, step by step (Ongaro's dissertation, chapter 3). The shell calls
// propose, tick and durable, performs the effects that come back in the order given, and reports
// when a flush has finished. Nothing here waits, reads a clock or holds record bytes.
//
// A voter set of one is served for now; the calls, the effects and what is stored are those of any
// size.
//
// Invariants: commit_index() <= durable_index() <= last_index(); only entries of the current term
// advance the commit; an entry counts as stored on this node only after durable() has said so.
#include <optional>
#include <span>
#include <vector>

#include "core/base/ids.h"

namespace weir::raft {

// What the core knows of an entry. Offsets are Kafka's: Raft's own entries take none.
struct entry_head {
  weir::term term;
  log_index index;
  std::uint32_t offset_count = 0;
  std::uint32_t size = 0;
};

struct vote {
  weir::term term;
  node_id voted_for{-1};
  auto operator<=>(const vote&) const = default;
};

enum class role : std::uint8_t { follower, leader };

// What the shell has to do, in this order.
struct effects {
  std::optional<vote> save_vote;  // durable before anything that follows it in the log
  std::optional<entry_head>
      append_term_start;  // the new leader's first entry (section 3.6.2: commits older terms)
  std::vector<entry_head> append;   // proposed entries, now numbered
  std::optional<log_index> commit;  // the commit index has moved to this
};

// What recovery found on disk.
struct stored_state {
  vote last_vote;
  log_index last_index;
  weir::term last_term;
};

class consensus {
 public:
  // `voters` must hold `self`.
  consensus(node_id self, std::vector<node_id> voters, const stored_state& stored);

  // Leader only: numbers the entries (term and index of the argument are ignored) and asks for
  // their append.
  effects propose(std::span<const entry_head> entries);
  // Time passed. A follower that may lead stands for election.
  effects tick();
  // Everything through this index is on this node's disk.
  effects durable(log_index through);

  [[nodiscard]] enum role current_role() const { return role_; }
  [[nodiscard]] weir::term current_term() const { return term_; }
  [[nodiscard]] log_index last_index() const { return last_; }
  [[nodiscard]] log_index durable_index() const { return durable_; }
  [[nodiscard]] log_index commit_index() const { return commit_; }
  // True once an entry of this term is committed: only then may a leader serve (section 6.4).
  [[nodiscard]] bool serving() const { return role_ == role::leader && commit_ >= first_of_term_; }

 private:
  void advance_commit(effects& out);

  node_id self_;
  std::vector<node_id> voters_;
  enum role role_ = role::follower;
  weir::term term_;
  log_index last_;
  log_index durable_;  // commit counts this one, never last_
  log_index commit_;
  log_index first_of_term_;
};

}  // namespace weir::raft
