#include "core/raft/consensus.h"

#include "core/base/check.h"

namespace weir::raft {
namespace {

// Whether only a leader says this.
bool is_leaders(const message& m) {
  return std::holds_alternative<append_request>(m.body) ||
         std::holds_alternative<heartbeat>(m.body) ||
         std::holds_alternative<install_snapshot>(m.body);
}

}  // namespace

consensus::consensus(node_id self, const stored_state& stored, const raft_options& options,
                     std::uint64_t seed, const defects& broken)
    : self_(self),
      options_(options),
      broken_(broken),
      quorum_{broken},
      chance_(seed),
      vote_(stored.last_vote),
      held_(stored.held),
      log_(stored.base, stored.terms, stored.last_index),
      members_({.index = stored.base.index, .members = normal(stored.members)},
               stored.configurations),
      durable_(stored.last_index),
      commit_(std::max(stored.base.index, stored.committed)),
      forgotten_(stored.forgotten) {
  weir_check(options_.election_min > milliseconds{} &&
                 options_.election_min <= options_.election_max &&
                 options_.heartbeat > milliseconds{},
             "election after {} to {} ms, heartbeat every {}", options_.election_min.count(),
             options_.election_max.count(), options_.heartbeat.count());
  weir_check(stored.committed <= stored.last_index, "committed through {} of {}", stored.committed,
             stored.last_index);
  weir_check(options_.inflight_messages_max > 0 && options_.append_entries_max > 0,
             "nothing may be sent");
  // Entries of a term prove that it was reached, should the vote be older.
  if (log_.last().term > vote_.term) vote_ = {.term = log_.last().term};
}

effects consensus::step(const message& m) {
  check_awake();
  effects out;
  if (m.to != self_ || m.from == self_) return out;
  if (!is_leaders(m)) tell_awake(out);
  const auto* request = std::get_if<vote_request>(&m.body);
  const auto* answer = std::get_if<vote_reply>(&m.body);
  if (m.term > vote_.term) {
    // Section 4.2.3: who hears a leader lets nobody disturb it, unless that leader asked for it.
    if (request && !request->forced && hears_leader()) return out;
    // A pre-vote is about a term that nobody has entered yet.
    const bool hypothetical =
        (request && request->pre_vote) || (answer && answer->pre_vote && answer->granted);
    if (!hypothetical) become_follower(m.term, nobody, out);
  } else if (m.term < vote_.term && !broken_.takes_stale_terms) {
    // Whoever lags must learn of this term, or two nodes would wait for each other for ever.
    if (request && request->pre_vote) {
      out.send.push_back(to(m.from, vote_reply{.granted = false, .pre_vote = true}));
    } else if (is_leaders(m)) {
      reply(m.from, {}, false, out);
    }
    return out;
  }
  std::visit([&](const auto& body) { on(m, body, out); }, m.body);
  return out;
}

effects consensus::tick(milliseconds now) {
  check_awake();
  now_ = std::max(now_, now);
  if (!ticked_) {
    ticked_ = true;
    leader_heard_ = now_;
    draw_deadline(now_);
  }
  return role_ == role::leader ? tick_leader() : tick_follower();
}

entry_head consensus::append(entry_kind kind, std::uint32_t size, effects& out) {
  log_.append(vote_.term);
  out.append.push_back(
      {.term = vote_.term, .index = log_.last().index, .size = size, .kind = kind});
  return out.append.back();
}

effects consensus::propose(std::span<const entry_head> entries) {
  check_awake();
  weir_check(accepts_proposals(), "propose on a node that does not lead in term {}", vote_.term);
  effects out;
  out.append.reserve(entries.size());
  for (auto entry : entries) {
    log_.append(vote_.term);
    entry.term = vote_.term;
    entry.index = log_.last().index;
    out.append.push_back(entry);
  }
  feed(out);
  return out;
}

effects consensus::durable(log_index through) {
  weir_check(through <= log_.last().index, "durable through {} of {}", through, log_.last().index);
  effects out;
  durable_ = std::max(durable_, through);
  if (role_ != role::leader) return out;
  if (leading_->alone && durable_ >= first_of_term_) {
    leading_->alone = false;
    broadcast_heartbeat(out);
    feed(out);
  }
  advance_commit(out);
  return out;
}

void consensus::trimmed(log_index through) {
  weir_check(through <= commit_, "trimmed through {}, committed {}", through, commit_);
  if (through <= log_.base().index) return;
  log_.trim(through);
  members_.trim(through);
}

void consensus::forgot(log_index through) {
  weir_check(through <= commit_, "forgotten through {}, committed {}", through, commit_);
  forgotten_ = std::max(forgotten_, through);
}

log_index consensus::everyone() const {
  if (role_ != role::leader) return everyone_;
  auto all = durable_;
  for (const auto& [node, p] : leading_->peers) all = std::min(all, p.match());
  return all;
}

const progress* consensus::peer(node_id node) const {
  if (!leading_) return nullptr;
  const auto found = leading_->peers.find(node);
  return found == leading_->peers.end() ? nullptr : &found->second;
}

}  // namespace weir::raft
