#pragma once
// One partition's consensus, step by step (Ongaro's dissertation; sections are named at the rules).
// The shell calls, performs the effects that come back in the order given, and reports when a flush
// has finished or a range was read. Nothing here waits, reads a clock or holds record bytes: time
// is an argument, chance a seed.
//
// Entry points: tick (time), step (a peer), propose / change / transfer / read (the owner), durable
// / ship / snapshot_shipped / trimmed (the disk).
//
// Invariants: only entries of the current term advance the commit; an entry counts as stored on a
// node only after that node's durable() has said so, the leader's own disk included; the commit
// never falls and nothing at or below it is ever truncated; a node votes once in a term, and for
// nobody whose log lacks what its own has; term and vote are saved before an answer that promises
// them leaves; the configuration in effect is the last one in the log.
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <span>

#include "core/raft/defects.h"
#include "core/raft/effects.h"
#include "core/raft/log_shape.h"
#include "core/raft/options.h"
#include "core/raft/progress.h"

namespace weir::raft {

// What recovery found on disk, and made sure of: what was written but perhaps never flushed is
// flushed before, since all of it counts as durable. A group that is new has only `members`; a node
// that joins one later has nothing at all, and learns who its members are from the log.
struct stored_state {
  vote last_vote;
  entry_id base;  // the entry before the first one kept
  std::vector<term_run> terms;
  log_index last_index;
  configuration members;                             // in effect at the base
  std::vector<placed_configuration> configurations;  // of the entries kept
  // Through here it is known by itself: not below the last entry that stands behind a hole.
  log_index committed;
  log_index forgotten;  // what consensus::forgot was told last
  // The end of a log that was given up: until the log is as long again this node votes for nobody
  // whose log is not, and does not stand. It may have been a voter when it said what it had.
  entry_id held;
};

enum class refusal : std::uint8_t {
  not_leader,
  not_serving,    // no entry of this term is committed yet
  in_progress,    // a change is under way, or leadership is being handed over
  not_caught_up,  // a new voter is not a learner that keeps up
  bad_target,     // nobody, too many, or not a voter
  too_many,       // reads wait
};

class consensus {
 public:
  // `seed`: of the election timeouts; nodes of a group need different ones.
  consensus(node_id self, const stored_state& stored, const raft_options& options,
            std::uint64_t seed, const defects& broken = {});

  // Time passed; `now` counts from anywhere and does not fall. Call it more often than heartbeats
  // are due. Other calls count as made at the last tick. A node that is the only voter leads at
  // once.
  effects tick(milliseconds now);
  // An idle group (all members have all of the log and know that it is committed) agrees to sleep
  // where options.rest says so: it needs no ticks, and says nothing. Instead the shell of each
  // member watches the nodes, with one message a pair for all groups. It wakes one that may not
  // sleep any longer, and one of whose members (a follower's: the leader) the node was started
  // again: it knows nothing any more. The calls for time, peers and owner must not find it asleep,
  // those for the disk may.
  [[nodiscard]] bool asleep() const { return asleep_; }
  // Whether tick() may find something to do before another call was made: the shell has to see to
  // it that whoever needs time is asked. Besides groups that sleep only who leads nobody doesn't.
  [[nodiscard]] bool needs_time() const;
  // Of one that sleeps: a follower relies on its leader's node, a leader on those of a majority.
  // `heard`: within election_min.
  [[nodiscard]] bool may_sleep(const std::function<bool(node_id)>& heard) const;
  // `heard`: when the leader's node was last heard of, as far as this is not the leader.
  void wake(milliseconds now, milliseconds heard);
  // Wakes a follower, which tells its leader so and hears of it, or doesn't: a node that is up does
  // not prove that its copy of this group is.
  effects ask_leader(milliseconds now);

  // Where a timeout would only cost time. No more than that: asked for in error, the others, who
  // hear a leader, do not answer the pre-vote.
  // The group is new, and this member the one that should lead it.
  void stand_first(milliseconds now);
  // The leader's node is gone, or was started again. All members stand, one after the other; which
  // comes when is drawn from `salt`, the same one on all of them, another one in each group.
  void leader_gone(milliseconds now, std::uint64_t salt);
  // A peer spoke.
  effects step(const message& m);

  // Numbers the entries (term and index of the argument are ignored) and asks for their append.
  // Only where accepts_proposals().
  effects propose(std::span<const entry_head> entries);
  // Makes `target` the members (its old_voters are not looked at): at once where only learners
  // change, else through a joint configuration that this and later leaders complete. New voters
  // must be learners that have caught up.
  std::expected<effects, refusal> change(const configuration& target);
  // Hands leadership to a voter once its log is as long as this one; proposals wait meanwhile.
  // Given up after the longer election timeout.
  std::expected<effects, refusal> transfer(node_id to);
  // Section 6.4: the answer comes in effects::reads, once a majority has confirmed that this leader
  // was not replaced before the call.
  std::expected<effects, refusal> read(std::uint64_t id);

  // Everything through this index, as the log is now, is on this node's disk.
  effects durable(log_index through);
  // What a ship_request asked for was read: heads of all entries that are left in a range that
  // begins with it, with the contents of configurations among them; none if it could not be read.
  // Gives the message, unless the log or the leader changed meanwhile.
  effects ship(node_id to, log_index from, std::span<const entry_head> entries,
               std::vector<placed_configuration> configurations);
  // The state asked for in effects::snapshots has reached the peer, or will not.
  void snapshot_shipped(node_id to, bool arrived);
  // Entries through this index, which is committed, were cut off the front of the log.
  void trimmed(log_index through);

  // Compaction may take committed entries out of the middle of a node's log, each node on its own,
  // as long as a newer one makes them meaningless: but for a term's first entry, configurations,
  // and the last one that it looks at. Consensus sees nothing of it but entries that are missing
  // from what is shipped.
  //
  // An entry that deletes something (a tombstone) may go too, once all members have it: everyone()
  // tells how far that is, and forgot() that it went. A log that has what is deleted, but ends
  // before the deletion, must not go on behind a log that has forgotten it: what is deleted would
  // be there again, and this node might lead one day. So it starts over, empty, if it is a
  // learner's: nobody counts on what it has. A voter was waited for.
  void forgot(log_index through);
  [[nodiscard]] log_index forgotten() const { return forgotten_; }
  // All members have the log through this index on disk. The leader's word, at some time past.
  [[nodiscard]] log_index everyone() const;

  [[nodiscard]] node_id self() const { return self_; }
  [[nodiscard]] role current_role() const { return role_; }
  [[nodiscard]] weir::term current_term() const { return vote_.term; }
  [[nodiscard]] node_id leader() const { return leader_; }
  [[nodiscard]] log_index last_index() const { return log_.last().index; }
  [[nodiscard]] log_index durable_index() const { return durable_; }
  [[nodiscard]] log_index commit_index() const { return commit_; }
  [[nodiscard]] const log_shape& log() const { return log_; }
  [[nodiscard]] const placed_configuration& members() const { return members_.latest(); }
  // Of the node's peers, where it leads; nothing for others.
  [[nodiscard]] const progress* peer(node_id node) const;
  // A new leader serves once an entry of its term is committed: only then is its commit not behind
  // what was acknowledged (section 6.4).
  [[nodiscard]] bool serving() const {
    return role_ == role::leader && (broken_.reads_before_term_start || commit_ >= first_of_term_);
  }
  // Who is alone in voting for itself leads before its vote is on disk, but tells nobody: after a
  // crash somebody else may lead the same term.
  [[nodiscard]] bool may_be_heard() const { return !leading_ || !leading_->alone; }
  [[nodiscard]] bool accepts_proposals() const {
    return role_ == role::leader && leading_->transfer_to == nobody;
  }

 private:
  struct pending_read {
    std::uint64_t id;
    log_index index;
    std::uint64_t round;
  };
  // What only a leader has.
  struct leading {
    std::map<node_id, progress> peers;  // members but itself
    milliseconds since;
    std::int64_t beat = 0;    // number of the last heartbeat interval
    std::uint64_t round = 0;  // of the last heartbeats sent
    std::vector<pending_read> reads;
    node_id transfer_to = nobody;
    milliseconds transfer_until{};
    bool told_to_stand = false;
    // Alone in voting for itself, it must not be heard of before its vote is on disk.
    bool alone = false;
    log_index rest_at;  // the last heartbeats offered to rest with this as the end of the log
  };

  // election.cc
  effects tick_follower();
  void stand(effects& out, bool forced);
  void ask_votes(effects& out, weir::term in, bool pre_vote, bool forced);
  void on(const message& m, const vote_request& request, effects& out);
  void on(const message& m, const vote_reply& reply, effects& out);
  void on(const message& m, const timeout_now&, effects& out);
  void become_follower(weir::term term, node_id leader, effects& out);
  void become_leader(effects& out);
  void draw_deadline(milliseconds since);
  void stand_soon(milliseconds now, milliseconds after);
  [[nodiscard]] bool hears_leader() const;
  [[nodiscard]] bool votes_win() const;

  // following.cc
  void on(const message& m, const append_request& request, effects& out);
  void on(const message& m, const heartbeat& beat, effects& out);
  void on(const message& m, const install_snapshot& snapshot, effects& out);
  void follow(const message& m, effects& out);
  void answer_heartbeat(std::uint64_t round, effects& out) const;
  void refuse(const message& m, const append_request& request, effects& out);
  bool take(const message& m, const append_request& request, effects& out);
  [[nodiscard]] bool would_miss_deletions(log_index keep, log_index forgotten) const;
  void take_state(const install_snapshot& snapshot, effects& out);
  void accept(node_id to, log_index match, effects& out);
  void reply(node_id to, append_reply body, bool when_durable, effects& out);
  void commit_through(log_index through, effects& out);

  // leading.cc
  effects tick_leader();
  void on(const message& m, const append_reply& reply, effects& out);
  void on(const message& m, const heartbeat_reply& reply, effects& out);
  void feed(effects& out);
  void feed(node_id to, progress& peer, effects& out);
  void broadcast_heartbeat(effects& out);
  void advance_commit(effects& out);
  void peer_stored(node_id node, progress& peer, log_index match, effects& out);
  void answer_reads(effects& out);
  [[nodiscard]] bool hears_majority() const;
  [[nodiscard]] log_index commit_for(const progress& peer) const;

  // resting.cc
  void check_awake() const;
  [[nodiscard]] bool idle() const;
  void agree_to_rest(const heartbeat& beat, const effects& out);
  void tell_awake(effects& out) const;
  void peer_rests(progress& peer, const heartbeat_reply& reply);

  // membership.cc
  void append_configuration(configuration next, effects& out);
  void adopt_members(effects& out);
  void after_commit(effects& out);
  void hand_over(effects& out);
  void try_transfer(effects& out);
  // Section 4.2.2: a node whose log removes it stands all the same until that is committed, since
  // nobody else may have the entry that does.
  [[nodiscard]] bool electable() const {
    return members_.is_voter_since(commit_, self_) && log_.last() >= held_;
  }
  [[nodiscard]] bool only_voter() const;

  message to(node_id node, decltype(message::body) body) const {
    return {.from = self_, .to = node, .term = vote_.term, .body = std::move(body)};
  }
  entry_head append(entry_kind kind, std::uint32_t size, effects& out);
  void tell_leadership(effects& out) const {
    out.leadership = leadership{.role = role_, .term = vote_.term, .leader = leader_};
  }

  node_id self_;
  raft_options options_;
  [[no_unique_address]] defects broken_;
  [[no_unique_address]] quorum_rule quorum_;
  std::uint64_t chance_;  // state of the generator of timeouts

  vote vote_;      // the current term, and who has this node's vote in it
  entry_id held_;  // as in stored_state
  role role_ = role::follower;
  node_id leader_ = nobody;
  log_shape log_;
  configuration_history members_;
  log_index durable_;  // commit counts this one, never log_.last()
  log_index commit_;
  log_index verified_;   // the log is the current leader's up to here
  log_index everyone_;   // follower: as the leader said
  log_index forgotten_;  // deletions through here may be missing from the log
  // Begun anew from a log that had forgotten so much, it has nothing that was deleted before there,
  // though it ends before it: not known any more after a start.
  log_index begun_forgetting_;
  log_index first_of_term_;  // leader: its term_start

  milliseconds now_{};
  bool ticked_ = false;
  bool asleep_ = false;
  // Follower: the heartbeat whose answer said that it sleeps, until the leader is heard again. Of
  // this leader in this term, or it would confirm another one's reads.
  std::uint64_t rest_round_ = 0;
  milliseconds deadline_{};  // not leader: when to stand for election
  // Until then it asks for pre-votes at every heartbeat interval: others may not be there yet, or
  // not know yet that the leader is gone.
  milliseconds hurried_until_{};
  milliseconds leader_heard_{};
  std::map<node_id, bool> votes_;  // candidates: who answered what
  std::unique_ptr<leading> leading_;
};

}  // namespace weir::raft
