// What a follower does with a leader's messages: sections 3.5, 3.8 and 5.3.
#include <algorithm>

#include "core/raft/consensus.h"

namespace weir::raft {

// Heads that follow `previous` and each other, no term above the leader's, and each configuration
// told. What stands behind a hole is committed, so that no log ever ends in one; and a term's first
// entry is never in it.
bool well_formed(const append_request& request, weir::term leaders) {
  auto before = request.previous;
  auto told = request.configurations.begin();
  for (const auto& entry : request.entries) {
    if (entry.index <= before.index || entry.term < before.term || entry.term > leaders) {
      return false;
    }
    const bool hole = entry.index != before.index + 1;
    const bool fits = entry.term == before.term || entry.kind == entry_kind::term_start;
    if (hole && (entry.index > request.commit || !fits)) return false;
    if (entry.kind == entry_kind::configuration) {
      if (told == request.configurations.end() || told->index != entry.index ||
          told->members.voters.empty() || normal(told->members) != told->members) {
        return false;
      }
      ++told;
    }
    before = {entry.term, entry.index};
  }
  return told == request.configurations.end();
}

void consensus::follow(const message& m, effects& out) {
  if (role_ != role::follower || leader_ != m.from) {
    become_follower(vote_.term, m.from, out);
  }
  leader_heard_ = now_;
  hurried_until_ = {};
  rest_round_ = 0;
  draw_deadline(now_);
}

void consensus::reply(node_id node, append_reply body, bool when_durable, effects& out) {
  // A term that is not saved yet is not told either: it might be entered a second time.
  const bool wait = (when_durable && !broken_.acks_before_durable) || out.save_vote.has_value();
  (wait ? out.send_once_durable : out.send).push_back(to(node, body));
}

// The leader may count on everything through `match`, so it must be on disk.
void consensus::accept(node_id node, log_index match, effects& out) {
  reply(node, {.accepted = true, .match = match}, true, out);
}

void consensus::commit_through(log_index through, effects& out) {
  if (through <= commit_) return;
  commit_ = through;
  out.commit = commit_;
}

void consensus::on(const message& m, const append_request& request, effects& out) {
  if (role_ == role::leader) return;  // two leaders of a term: not ours to follow
  follow(m, out);
  if (!well_formed(request, m.term)) {
    out.fault = fault::malformed;
    return;
  }
  const auto previous = request.previous;
  if (previous.index < log_.base().index) {
    // That part is committed and trimmed here: it agrees by leader completeness (section 3.6.3).
    verified_ = std::max(verified_, commit_);
    accept(m.from, commit_, out);
    return;
  }
  if (previous.index > log_.last().index ||
      (!log_.holds(previous) && !broken_.skips_previous_check)) {
    refuse(m, request, out);
    return;
  }
  if (!take(m, request, out)) return;
  const auto match = request.entries.empty() ? previous.index : request.entries.back().index;
  verified_ = std::max(verified_, match);
  commit_through(std::min(request.commit, match), out);
  accept(m.from, match, out);
}

void consensus::refuse(const message& m, const append_request& request, effects& out) {
  reply(m.from,
        {.accepted = false,
         .previous = request.previous.index,
         .hint = log_.last_not_above(request.previous)},
        false, out);
}

// Whether what was deleted may be in the log up to `keep`, and its deletion behind that, where the
// leader has forgotten it. Not in what came from a log that had forgotten as much.
bool consensus::would_miss_deletions(log_index keep, log_index forgotten) const {
  return forgotten > std::max(keep, begun_forgetting_) && !broken_.ignores_forgotten;
}

// Appends what is missing behind `previous`, which agrees. False: it was not taken.
bool consensus::take(const message& m, const append_request& request, effects& out) {
  auto next = request.entries.begin();
  auto agreed = request.previous;
  for (; next != request.entries.end() && log_.holds({next->term, next->index}); ++next) {
    agreed = {next->term, next->index};
  }
  // What the leader lacks between the two is of the first one's term: if here too, it is the same.
  auto keep = log_.last().index;
  if (next != request.entries.end()) {
    keep = log_.last_not_above({agreed.term, next->index - 1}).index;
  }
  if (broken_.truncates_on_append && next == request.entries.end()) {
    keep = std::max(log_.base().index, agreed.index);
  }
  if (keep < log_.last().index) {
    if (keep < commit_ && !broken_.truncates_on_append) {
      out.fault = fault::conflict_with_commit;
      return false;
    }
    log_.truncate_after(keep);
    durable_ = std::min(durable_, keep);
    verified_ = std::min(verified_, keep);
    commit_ = std::min(commit_, keep);
    out.truncate_after = keep;
    if (!broken_.keeps_truncated_configuration) {
      const auto before = members_.latest().index;
      members_.truncate_after(keep);
      if (members_.latest().index != before) out.members = members_.latest();
    }
  }
  if (next == request.entries.end()) return true;
  if (would_miss_deletions(keep, request.forgotten)) {
    append_reply answer{.accepted = false, .previous = request.previous.index};
    answer.starts_over = true;
    reply(m.from, answer, false, out);
    return false;
  }
  // From a log that has forgotten less may come what this one would have had no more.
  if (keep < begun_forgetting_) {
    begun_forgetting_ = std::min(begun_forgetting_, request.forgotten);
  }
  auto told = request.configurations.begin();
  for (; next != request.entries.end(); ++next) {
    log_.append({next->term, next->index});
    out.append.push_back(*next);
    if (next->kind != entry_kind::configuration) continue;
    while (told->index != next->index) ++told;
    members_.append(*told);
    out.configurations.push_back(*told);
    out.members = members_.latest();
  }
  return true;
}

void consensus::on(const message& m, const heartbeat& beat, effects& out) {
  if (role_ == role::leader) return;
  const auto agreed_to = leader_ == m.from ? rest_round_ : 0;
  follow(m, out);
  rest_round_ = agreed_to;
  // Only what is known to be the leader's: the commit it tells is bounded for this node, but the
  // message may be older than a crash here.
  commit_through(std::min(beat.commit, broken_.commit_beyond_match ? log_.last().index : verified_),
                 out);
  everyone_ = std::max(everyone_, std::min(beat.everyone, verified_));
  agree_to_rest(beat, out);
  answer_heartbeat(beat.round, out);
}

void consensus::answer_heartbeat(std::uint64_t round, effects& out) const {
  auto answer = to(leader_, heartbeat_reply{.round = round,
                                            .received = verified_,
                                            .stored = std::min(verified_, durable_),
                                            .rests = asleep_});
  // Saying that one has heard promises nothing; but see reply() for the term.
  (out.save_vote ? out.send_once_durable : out.send).push_back(std::move(answer));
}

void consensus::on(const message& m, const install_snapshot& snapshot, effects& out) {
  if (role_ == role::leader) return;
  follow(m, out);
  const auto last = snapshot.last;
  // Nobody counts on what a learner has. Where all that was deleted is in the log it need not start
  // over: it may have become a voter since it asked.
  const bool over =
      snapshot.starts_over && would_miss_deletions(log_.last().index, snapshot.forgotten);
  if (last.index <= commit_ && !over && !broken_.takes_any_snapshot) {
    verified_ = std::max(verified_, commit_);
    accept(m.from, commit_, out);
    return;
  }
  if (normal(snapshot.members) != snapshot.members) {
    out.fault = fault::malformed;
    return;
  }
  if (log_.holds(last) && !over && !broken_.takes_any_snapshot) {
    // The entries are here: no state need be taken over.
    commit_through(last.index, out);
  } else {
    take_state(snapshot, out);
  }
  verified_ = std::max(verified_, last.index);
  accept(m.from, last.index, out);
}

void consensus::take_state(const install_snapshot& snapshot, effects& out) {
  auto taken = snapshot;
  // The leader joined by the log and never learned who began the group; up to there that has not
  // changed, so what is known here holds.
  if (taken.members.voters.empty()) {
    taken.members = members_.at(std::max(log_.base().index, std::min(commit_, taken.last.index)));
  }
  if (taken.starts_over) out.held = held_ = std::max(held_, log_.last());
  log_.reset(taken.last);
  members_.reset({.index = taken.last.index, .members = taken.members});
  durable_ = {};
  commit_ = taken.last.index;
  verified_ = {};
  everyone_ = {};
  forgotten_ = begun_forgetting_ = taken.forgotten;
  out.reset = std::move(taken);
  out.commit = commit_;
  out.members = members_.latest();
}

}  // namespace weir::raft
