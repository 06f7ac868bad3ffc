#pragma once
// Rules that the simulator breaks on purpose, to prove that it would notice (docs/simulation.md).
// Always compiled in: one test of a bool each, never set outside of sim/ and tests.

namespace weir::raft {

struct defects {
  bool vote_not_saved = false;                 // a vote is answered and kept in memory only
  bool votes_twice = false;                    // a vote given in this term does not bind
  bool votes_for_older_log = false;            // the candidate's log is not compared
  bool commits_older_term = false;             // an entry of an older term is committed by counting
  bool counts_own_undurable = false;           // the leader counts what its own disk may lose
  bool acks_before_durable = false;            // a follower answers before its flush
  bool quorum_too_small = false;               // one less than a majority
  bool learners_count = false;                 // learners are counted among the voters
  bool single_step_change = false;             // any set replaces any other at once
  bool keeps_truncated_configuration = false;  // truncation does not take a configuration back
  bool truncates_on_append = false;            // a late append cuts off what came after it
  bool skips_previous_check = false;           // an append is taken without its predecessor
  bool takes_stale_terms = false;              // messages of older terms are taken
  bool commit_beyond_match = false;            // a heartbeat tells a commit that the follower lacks
  bool reads_without_round = false;            // a leader answers reads without asking anybody
  bool reads_before_term_start = false;        // and before an entry of its term is committed
  bool no_pre_vote = false;                    // liveness: a flapping node disturbs the others
  bool no_check_quorum = false;                // liveness: a leader cut off goes on leading
  bool takes_any_snapshot = false;             // a snapshot older than the commit resets the log
};

}  // namespace weir::raft
