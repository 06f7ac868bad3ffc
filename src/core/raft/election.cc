// Elections: section 3.4, pre-vote 9.6, what must be on disk 3.8.
#include <algorithm>

#include "core/raft/consensus.h"

namespace weir::raft {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t draw(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  auto z = state;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

// In longer election timeouts.
constexpr int patience_max = 5;

}  // namespace

// Timeouts grow while there is no leader, also those of who has given its vote: it would stand in
// the way. Where thousands of groups are without one because the nodes are too slow for all that
// they ask each other, votes come later than a timeout, and more of the same would never end.
void consensus::draw_deadline(milliseconds since) {
  const auto most = patience_max * options_.election_max;
  const auto leaderless = now_ - leader_heard_ - 2 * options_.election_max;
  const auto more = std::clamp(leaderless / 2, milliseconds{}, most);
  // The wider apart, the more time the first one has to win.
  const auto width = options_.election_max - options_.election_min + 3 * more / 2 + milliseconds(1);
  deadline_ = since + options_.election_min + more / 2 +
              milliseconds(draw(chance_) % static_cast<std::uint64_t>(width.count()));
}

void consensus::stand_soon(milliseconds now, milliseconds after) {
  check_awake();
  now_ = std::max(now_, now);
  if (!ticked_) {
    ticked_ = true;
    draw_deadline(now_);
  }
  if (role_ == role::leader) return;
  leader_heard_ = now_ - options_.election_min;  // others may stand, too
  hurried_until_ = now_ + after + options_.election_max;
  // Whoever has pre-votes waits for its own disk and others'.
  if (role_ != role::candidate) deadline_ = std::min(deadline_, now_ + after);
}

void consensus::stand_first(milliseconds now) {
  stand_soon(now, {});
}

void consensus::leader_gone(milliseconds now, std::uint64_t salt) {
  const auto rank = [salt](node_id node) {
    auto state = salt + static_cast<std::uint64_t>(node.value()) * 0x9e3779b97f4a7c15U;
    return draw(state);
  };
  const auto& c = members_.latest().members;
  const auto before = std::ranges::count_if(c.members(), [&](node_id node) {
    return node != leader_ && node != self_ && c.is_voter(node) && rank(node) < rank(self_);
  });
  stand_soon(now, before * options_.heartbeat);
}

bool consensus::hears_leader() const {
  if (broken_.no_pre_vote) return false;
  if (role_ == role::leader) return true;  // it would have stepped down
  return leader_ != nobody && now_ < leader_heard_ + options_.election_min;
}

effects consensus::tick_follower() {
  effects out;
  if (electable() && (only_voter() || now_ >= deadline_)) {
    stand(out, false);
  } else if (now_ >= deadline_) {
    draw_deadline(now_);
    tell_awake(out);  // who does not stand is not heard otherwise
  }
  return out;
}

// `forced`: the leader told us to, so that asking first would only cost time.
void consensus::stand(effects& out, bool forced) {
  draw_deadline(now_);
  leader_ = nobody;
  rest_round_ = 0;
  votes_.clear();
  votes_[self_] = true;
  const auto next = vote_.term + 1;
  if (options_.pre_vote && !broken_.no_pre_vote && !forced && !only_voter()) {
    role_ = role::pre_candidate;
    if (now_ < hurried_until_) deadline_ = std::min(deadline_, now_ + options_.heartbeat);
    tell_leadership(out);
    ask_votes(out, next, true, false);
    return;
  }
  role_ = role::candidate;
  verified_ = {};
  vote_ = {.term = next, .voted_for = self_};
  out.save_vote = vote_;
  tell_leadership(out);
  if (votes_win()) {
    become_leader(out);
  } else {
    ask_votes(out, next, false, forced);
  }
}

void consensus::ask_votes(effects& out, weir::term in, bool pre_vote, bool forced) {
  // Asking for votes tells that this node has voted for itself: on disk first. A pre-vote promises
  // nothing.
  auto& queue = pre_vote || broken_.vote_not_saved ? out.send : out.send_once_durable;
  for (const auto node : members_.latest().members.members()) {
    if (node == self_ || (!members_.latest().members.is_voter(node) && !broken_.learners_count)) {
      continue;
    }
    auto m = to(node, vote_request{.last = log_.last(), .pre_vote = pre_vote, .forced = forced});
    m.term = in;
    queue.push_back(std::move(m));
  }
}

void consensus::on(const message& m, const vote_request& request, effects& out) {
  const bool new_enough =
      broken_.votes_for_older_log || request.last >= std::max(log_.last(), held_);
  if (request.pre_vote) {
    // Nothing is promised: any number of candidates may hear a yes.
    const bool granted = m.term > vote_.term && new_enough;
    auto answer = to(m.from, vote_reply{.granted = granted, .pre_vote = true});
    if (granted) answer.term = m.term;
    out.send.push_back(std::move(answer));
    return;
  }
  const bool is_free = vote_.voted_for == nobody || vote_.voted_for == m.from;
  const bool granted = new_enough && (is_free || (broken_.votes_twice && role_ != role::leader));
  auto answer = to(m.from, vote_reply{.granted = granted});
  if (granted) {
    if (vote_.voted_for != m.from) {
      vote_.voted_for = m.from;
      out.save_vote = vote_;
    }
    draw_deadline(now_);
  }
  // Sent only once durable: a voter that forgets its promise in a crash could elect two leaders in
  // one term (section 3.8).
  if (broken_.vote_not_saved) {
    out.send.push_back(std::move(answer));
  } else {
    out.send_once_durable.push_back(std::move(answer));
  }
}

void consensus::on(const message& m, const vote_reply& reply, effects& out) {
  const bool awaited = reply.pre_vote ? role_ == role::pre_candidate && m.term <= vote_.term + 1
                                      : role_ == role::candidate;
  if (!awaited) return;
  // A pre-vote's yes is for the term that was asked about, an older one is of an older try.
  if (reply.pre_vote && reply.granted && m.term != vote_.term + 1) return;
  votes_[m.from] = reply.granted;
  if (!votes_win()) return;
  if (role_ == role::pre_candidate) {
    role_ = role::candidate;
    draw_deadline(now_);  // the votes come from disks
    verified_ = {};
    vote_ = {.term = vote_.term + 1, .voted_for = self_};
    out.save_vote = vote_;
    votes_.clear();
    votes_[self_] = true;
    tell_leadership(out);
    ask_votes(out, vote_.term, false, false);
  } else {
    become_leader(out);
  }
}

void consensus::on(const message& m, const timeout_now& /*asked*/, effects& out) {
  if (role_ == role::leader || !electable() || m.from != leader_) return;
  stand(out, true);
}

bool consensus::votes_win() const {
  return quorum_.agreed(members_.latest().members, [&](node_id node) {
    const auto found = votes_.find(node);
    return found != votes_.end() && found->second;
  });
}

void consensus::become_follower(weir::term term, node_id leader, effects& out) {
  if (term > vote_.term) {
    vote_ = {.term = term};
    out.save_vote = vote_;
    verified_ = {};
  }
  if (leading_) {
    for (const auto& read : leading_->reads) out.reads.push_back({.id = read.id});
    leading_.reset();
    leader_heard_ = now_;
  }
  if (role_ != role::follower) draw_deadline(now_);
  role_ = role::follower;
  leader_ = leader;
  rest_round_ = 0;
  votes_.clear();
  tell_leadership(out);
}

void consensus::become_leader(effects& out) {
  role_ = role::leader;
  leader_ = self_;
  hurried_until_ = {};
  leading_ = std::make_unique<leading>();
  leading_->since = now_;
  leading_->beat = now_ / options_.heartbeat;
  leading_->alone = std::ranges::all_of(votes_, [&](const auto& v) { return v.first == self_; });
  for (const auto node : members_.latest().members.members()) {
    if (node != self_) leading_->peers.emplace(node, progress(log_.last().index, now_));
  }
  votes_.clear();
  tell_leadership(out);
  first_of_term_ = append(entry_kind::term_start, 0, out).index;
  feed(out);
}

}  // namespace weir::raft
