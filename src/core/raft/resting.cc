// Groups that sleep: what would be said again and again while nothing happens is said once. Nothing
// here bears on safety, which no timing does.
#include "core/raft/resting.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace weir::raft {
namespace {

// In longer election timeouts: who is silent for so long is not waited for.
constexpr int away_after = 10;

}  // namespace

bool is_away(const progress& peer, milliseconds now, const raft_options& options) {
  return now > peer.heard() + away_after * options.election_max;
}

bool sleeps_through(const consensus& sleeper, const message& m) {
  const auto* reply = std::get_if<heartbeat_reply>(&m.body);
  return sleeper.asleep() && sleeper.current_role() == role::leader && reply && reply->rests &&
         reply->stored == sleeper.last_index() && m.term == sleeper.current_term();
}

void consensus::check_awake() const {
  weir_check(!asleep_, "a call on a group that sleeps in term {}", vote_.term);
}

// Nothing is under way here, nor will be before somebody asks.
bool consensus::idle() const {
  const auto last = log_.last().index;
  if (!options_.rest || commit_ != last || durable_ != last) return false;
  if (role_ == role::follower) return leader_ != nobody && verified_ == last;
  return role_ == role::leader && leading_->reads.empty() && leading_->transfer_to == nobody &&
         std::ranges::all_of(leading_->peers, [&](const auto& p) {
           const bool has_all = p.second.state() == flow::replicate && p.second.match() == last;
           return has_all || is_away(p.second, now_, options_);
         });
}

bool consensus::needs_time() const {
  if (asleep_) return false;
  return role_ != role::leader || !leading_->peers.empty() || !leading_->reads.empty() ||
         leading_->transfer_to != nobody;
}

// A term that is not saved yet is not one to sleep in. What left before the heartbeat that was
// agreed to says nothing new: woken by it, a learner would stay awake alone, as its leader may have
// the agreement by now.
void consensus::agree_to_rest(const heartbeat& beat, const effects& out) {
  const bool late = beat.round < rest_round_;
  asleep_ = (late || (beat.rest && beat.commit == commit_)) && !out.save_vote && idle();
  rest_round_ = asleep_ ? std::max(beat.round, rest_round_) : 0;
}

// Something else than the leader woke this follower, at the moment perhaps at which its answer lets
// the leader fall asleep: told, the leader goes on with its heartbeats.
void consensus::tell_awake(effects& out) const {
  if (role_ == role::follower && rest_round_ != 0) answer_heartbeat(rest_round_, out);
}

// The leader sleeps when all others do, those that are away left out. One heartbeat after the other
// offers the same until something happens, and an answer to any of them will do: with many groups
// answers take longer than a heartbeat interval, and none is ever about the last.
void consensus::peer_rests(progress& peer, const heartbeat_reply& reply) {
  peer.heard_rest(reply.round, reply.rests);
  const auto sleeps = [&](const auto& p) {
    const bool agreed = p.second.rests() && p.second.acked_round() >= rest_round_;
    return agreed || is_away(p.second, now_, options_);
  };
  asleep_ = leading_->rest_at == log_.last().index && idle() &&
            std::ranges::all_of(leading_->peers, sleeps);
}

bool consensus::may_sleep(const std::function<bool(node_id)>& heard) const {
  if (role_ != role::leader) return heard(leader_);
  const bool is_back = std::ranges::any_of(leading_->peers, [&](const auto& p) {
    return p.second.match() < log_.last().index && heard(p.first);
  });
  return !is_back && quorum_.agreed(members_.latest().members,
                                    [&](node_id node) { return node == self_ || heard(node); });
}

effects consensus::ask_leader(milliseconds now) {
  effects out;
  if (role_ != role::follower) return out;
  wake(now, now);
  tell_awake(out);
  return out;
}

void consensus::wake(milliseconds now, milliseconds heard) {
  weir_check(asleep_, "woken in term {}, awake", vote_.term);
  asleep_ = false;
  const auto since = std::exchange(now_, std::max(now_, now));
  if (role_ == role::leader) {
    // Who was away stays so until it is heard of.
    for (auto& [node, peer] : leading_->peers) {
      if (!is_away(peer, since, options_)) peer.woken(now_);
    }
    leading_->rest_at = {};  // all have to agree anew
  } else {
    leader_heard_ = std::min(heard, now_);
    draw_deadline(leader_heard_);
  }
}

}  // namespace weir::raft
