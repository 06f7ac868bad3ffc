#pragma once
// Rules that the simulator breaks on purpose, to prove that it would notice (docs/simulation.md).
//
// Only the simulator's own build of this room defines WEIR_BREAKABLE. In every other one each of
// these is a constant, `defects` has no bytes, and no option or bug can break a rule: the compiler
// drops what is behind them. A binary links one of the two builds, never both.

namespace weir::raft {

#ifdef WEIR_BREAKABLE
#define WEIR_DEFECT bool
#else
#define WEIR_DEFECT static constexpr bool
#endif

struct defects {
  WEIR_DEFECT vote_not_saved = false;        // a vote is answered and kept in memory only
  WEIR_DEFECT votes_twice = false;           // a vote given in this term does not bind
  WEIR_DEFECT votes_for_older_log = false;   // the candidate's log is not compared
  WEIR_DEFECT commits_older_term = false;    // an entry of an older term is committed by counting
  WEIR_DEFECT counts_own_undurable = false;  // the leader counts what its own disk may lose
  WEIR_DEFECT acks_before_durable = false;   // a follower answers before its flush
  WEIR_DEFECT quorum_too_small = false;      // one less than a majority
  WEIR_DEFECT learners_count = false;        // learners are counted among the voters
  WEIR_DEFECT single_step_change = false;    // any set replaces any other at once
  WEIR_DEFECT keeps_truncated_configuration =
      false;                                 // truncation does not take a configuration back
  WEIR_DEFECT truncates_on_append = false;   // a late append cuts off what came after it
  WEIR_DEFECT skips_previous_check = false;  // an append is taken without its predecessor
  WEIR_DEFECT takes_stale_terms = false;     // messages of older terms are taken
  WEIR_DEFECT commit_beyond_match = false;   // a heartbeat tells a commit that the follower lacks
  WEIR_DEFECT reads_without_round = false;   // a leader answers reads without asking anybody
  WEIR_DEFECT reads_before_term_start = false;  // and before an entry of its term is committed
  WEIR_DEFECT ignores_forgotten = false;        // a log goes on though it has missed deletions
  WEIR_DEFECT compacts_uncommitted = false;  // of the simulator's nodes: compaction up to the end
  WEIR_DEFECT no_pre_vote = false;           // liveness: a flapping node disturbs the others
  WEIR_DEFECT no_check_quorum = false;       // liveness: a leader cut off goes on leading
  WEIR_DEFECT takes_any_snapshot = false;    // a snapshot older than the commit resets the log
};

#undef WEIR_DEFECT

}  // namespace weir::raft
