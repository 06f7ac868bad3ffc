// What a leader does: sections 3.5 and 3.6, check-quorum 6.2, reads 6.4, pipelining 10.2.
#include <algorithm>

#include "core/raft/resting.h"

namespace weir::raft {

bool consensus::hears_majority() const {
  return quorum_.agreed(members_.latest().members, [&](node_id node) {
    if (node == self_) return true;
    const auto* p = peer(node);
    return p && now_ <= p->heard() + options_.election_max;
  });
}

effects consensus::tick_leader() {
  effects out;
  if (!broken_.no_check_quorum && !hears_majority()) {
    // Somebody else may lead by now; whoever waits for an answer here should ask there (section
    // 6.2).
    become_follower(vote_.term, nobody, out);
    return out;
  }
  if (leading_->transfer_to != nobody && now_ >= leading_->transfer_until) {
    leading_->transfer_to = nobody;
  }
  for (auto& [node, p] : leading_->peers) {
    if (now_ > p.heard() + options_.election_max) p.silent();
  }
  // All groups of a broker beat at the same moments.
  const auto beat = now_ / options_.heartbeat;
  if (beat != leading_->beat) {
    leading_->beat = beat;
    broadcast_heartbeat(out);
    // Whoever has become the only voter hears no answers that would confirm it.
    answer_reads(out);
  }
  return out;
}

log_index consensus::commit_for(const progress& peer) const {
  return broken_.commit_beyond_match ? commit_ : std::min(commit_, peer.match());
}

void consensus::broadcast_heartbeat(effects& out) {
  if (!may_be_heard()) return;
  ++leading_->round;
  const bool rest = idle();
  const auto rest_at = rest ? log_.last().index : log_index{};
  if (leading_->rest_at != rest_at) rest_round_ = leading_->round;
  leading_->rest_at = rest_at;
  const auto all = everyone();
  for (auto& [node, p] : leading_->peers) {
    out.heartbeats.push_back(
        to(node,
           heartbeat{
               .commit = commit_for(p), .round = leading_->round, .rest = rest, .everyone = all}));
  }
  // Nobody is there to agree.
  asleep_ = rest && std::ranges::all_of(leading_->peers, [&](const auto& p) {
              return is_away(p.second, now_, options_);
            });
}

void consensus::feed(effects& out) {
  for (auto& [node, p] : leading_->peers) feed(node, p, out);
}

// Asks for what the peer lacks, as far as there is room on the way to it.
void consensus::feed(node_id node, progress& peer, effects& out) {
  if (!may_be_heard() || !peer.has_room(options_)) return;
  if (peer.next() <= log_.base().index || peer.starts_over()) {
    // Section 5.3: what it needs is gone from the log.
    const auto base = log_.base();
    out.snapshots.push_back(to(node, install_snapshot{.last = base,
                                                      .members = members_.at(base.index),
                                                      .forgotten = forgotten_,
                                                      .starts_over = peer.starts_over()}));
    peer.begin_snapshot(base.index);
    return;
  }
  const auto last = log_.last().index;
  if (peer.next() <= last) {
    peer.begin_read();
    out.ship.push_back({.to = node,
                        .from = peer.next(),
                        .through = last,
                        .entries_max = options_.append_entries_max,
                        .bytes_max = peer.room_bytes(options_)});
  } else if (peer.state() == flow::probe) {
    // Nothing to ship, but where the logs agree is to be found.
    out.send.push_back(to(node, append_request{.previous = log_.last(),
                                               .entries = {},
                                               .configurations = {},
                                               .commit = commit_,
                                               .forgotten = forgotten_}));
    peer.sent(last, 0, now_);
  }
}

effects consensus::ship(node_id node, log_index from, std::span<const entry_head> entries,
                        std::vector<placed_configuration> configurations) {
  effects out;
  if (!leading_) return out;
  const auto found = leading_->peers.find(node);
  if (found == leading_->peers.end()) return out;
  auto& peer = found->second;
  peer.end_read();
  // What was read may be gone, or of another leader, or no longer what the peer needs.
  const bool fits = !entries.empty() && peer.has_room(options_) && from == peer.next() &&
                    from > log_.base().index &&
                    std::ranges::all_of(entries, [&](const entry_head& entry) {
                      return log_.holds({entry.term, entry.index});
                    });
  if (fits) {
    std::uint64_t bytes = 0;
    for (const auto& entry : entries) bytes += entry.size;
    append_request request{.previous = {*log_.term_at(from - 1), from - 1},
                           .entries = {entries.begin(), entries.end()},
                           .configurations = std::move(configurations),
                           .commit = commit_,
                           .forgotten = forgotten_};
    // Only what is committed may be missing.
    if (!well_formed(request, vote_.term)) {
      out.fault = fault::malformed;
      return out;
    }
    out.send.push_back(to(node, std::move(request)));
    peer.sent(entries.back().index, bytes, now_);
  }
  if (!entries.empty()) feed(node, peer, out);
  return out;
}

void consensus::snapshot_shipped(node_id node, bool arrived) {
  if (!leading_) return;
  const auto found = leading_->peers.find(node);
  if (found != leading_->peers.end()) found->second.snapshot_shipped(arrived, now_);
  // The answer to the next heartbeat goes on.
}

void consensus::peer_stored(node_id node, progress& peer, log_index match, effects& out) {
  if (match > log_.last().index) {
    out.fault = fault::match_beyond_log;
    return;
  }
  peer.stored(match);
  if (peer.count_round(log_.last().index, now_, options_.election_min)) {
    out.caught_up.push_back(node);
  }
  advance_commit(out);
}

void consensus::on(const message& m, const append_reply& reply, effects& out) {
  if (!leading_) return;
  const auto found = leading_->peers.find(m.from);
  if (found == leading_->peers.end()) return;
  auto& peer = found->second;
  peer.heard_at(now_);
  // A message of ours woke it, maybe one that came late: whatever it said of sleep is over.
  peer.heard_rest(leading_->round, false);
  if (reply.accepted) {
    peer_stored(m.from, peer, reply.match, out);
  } else if (reply.starts_over) {
    // What is committed may count on what a voter has.
    const auto& [since, members] = members_.latest();
    if (since > commit_ || members.joint() || !members.is_learner(m.from)) return;
    peer.start_over(log_.last().index);
  } else if (!peer.refused(reply.previous, log_.last_not_above(reply.hint).index)) {
    return;
  }
  if (!leading_) return;  // the commit may have ended its leadership
  if (const auto again = leading_->peers.find(m.from); again != leading_->peers.end()) {
    feed(m.from, again->second, out);
    try_transfer(out);
  }
}

void consensus::on(const message& m, const heartbeat_reply& reply, effects& out) {
  if (!leading_) return;
  const auto found = leading_->peers.find(m.from);
  if (found == leading_->peers.end()) return;
  auto& peer = found->second;
  peer.heard_at(now_);
  peer.acked(reply.round);
  // Also where that is no news: rounds of a learner that has everything go on.
  if (reply.stored >= peer.match()) peer_stored(m.from, peer, reply.stored, out);
  answer_reads(out);
  if (!leading_) return;
  const auto again = leading_->peers.find(m.from);
  if (again == leading_->peers.end()) return;
  again->second.lost(reply.received, now_ - options_.election_min);
  feed(m.from, again->second, out);
  try_transfer(out);
  peer_rests(again->second, reply);
}

void consensus::advance_commit(effects& out) {
  if (role_ != role::leader) return;
  const auto own = broken_.counts_own_undurable ? log_.last().index : durable_;
  const auto reached = quorum_.reached(members_.latest().members, [&](node_id node) {
    if (node == self_) return own;
    const auto* p = peer(node);
    return p ? p->match() : log_index{};
  });
  // An entry of an older term is committed only by one of this term standing behind it (section
  // 3.6.2, figure 3.7).
  if (reached <= commit_) return;
  if (reached < first_of_term_ && !broken_.commits_older_term) return;
  commit_through(reached, out);
  after_commit(out);
}

std::expected<effects, refusal> consensus::read(std::uint64_t id) {
  check_awake();
  if (role_ != role::leader) return std::unexpected(refusal::not_leader);
  if (!serving()) return std::unexpected(refusal::not_serving);
  if (leading_->reads.size() >= options_.reads_max) return std::unexpected(refusal::too_many);
  effects out;
  if (broken_.reads_without_round || only_voter()) {
    out.reads.push_back({.id = id, .index = commit_});
    return out;
  }
  // Reads that come while a round is out share the next one.
  const bool is_out = !leading_->reads.empty();
  leading_->reads.push_back({.id = id, .index = commit_, .round = leading_->round + 1});
  if (!is_out) broadcast_heartbeat(out);
  return out;
}

void consensus::answer_reads(effects& out) {
  if (!leading_ || leading_->reads.empty()) return;
  auto& reads = leading_->reads;
  const auto confirmed = [&](const pending_read& read) {
    return read.round <= leading_->round &&
           quorum_.agreed(members_.latest().members, [&](node_id node) {
             if (node == self_) return true;
             const auto* p = peer(node);
             return p && p->acked_round() >= read.round;
           });
  };
  auto first_left = reads.begin();
  while (first_left != reads.end() && confirmed(*first_left)) {
    out.reads.push_back({.id = first_left->id, .index = first_left->index});
    ++first_left;
  }
  const bool answered = first_left != reads.begin();
  reads.erase(reads.begin(), first_left);
  if (answered && !reads.empty() && reads.back().round > leading_->round) {
    broadcast_heartbeat(out);
  }
}

}  // namespace weir::raft
