// Changing the members (chapter 4, by joint consensus of section 4.3) and the leader (3.10).
#include <algorithm>

#include "core/base/check.h"
#include "core/raft/consensus.h"

namespace weir::raft {

bool consensus::only_voter() const {
  const auto& c = members_.latest().members;
  return !c.joint() && c.voters.size() == 1 && c.voters.front() == self_;
}

std::expected<effects, refusal> consensus::change(const configuration& target) {
  check_awake();
  if (role_ != role::leader) return std::unexpected(refusal::not_leader);
  // Before an entry of this term is committed, a configuration of an older term may be so without
  // this leader knowing it.
  if (!serving()) return std::unexpected(refusal::not_serving);
  const auto& [placed_at, now] = members_.latest();
  if (leading_->transfer_to != nobody || now.joint() || placed_at > commit_) {
    return std::unexpected(refusal::in_progress);
  }
  auto next = normal({.voters = target.voters, .learners = target.learners});
  if (next.voters.empty() || next.voters.size() > configuration::members_max ||
      next.learners.size() > configuration::members_max) {
    return std::unexpected(refusal::bad_target);
  }
  if (next.voters != now.voters) {
    for (const auto node : next.voters) {
      if (now.is_voter(node)) continue;
      // A voter that lags would hold up commits for as long (section 4.2.1).
      const auto* p = peer(node);
      if (!p || !p->caught_up() || p->match() < forgotten_ ||
          now_ > p->heard() + options_.election_max) {
        return std::unexpected(refusal::not_caught_up);
      }
    }
    if (!broken_.single_step_change) next.old_voters = now.voters;
  }
  effects out;
  append_configuration(std::move(next), out);
  feed(out);
  return out;
}

void consensus::append_configuration(configuration next, effects& out) {
  const auto head =
      append(entry_kind::configuration, static_cast<std::uint32_t>(encode(next).size()), out);
  members_.append({.index = head.index, .members = std::move(next)});
  out.configurations.push_back(members_.latest());
  adopt_members(out);
}

// In effect once in the log, not once committed (section 4.1).
void consensus::adopt_members(effects& out) {
  out.members = members_.latest();
  const auto members = members_.latest().members.members();
  std::erase_if(leading_->peers,
                [&](const auto& p) { return !std::ranges::binary_search(members, p.first); });
  for (const auto node : members) {
    if (node != self_) leading_->peers.try_emplace(node, progress(log_.last().index, now_));
  }
  // Who may not lead any more will not take over.
  if (!members_.latest().members.is_voter(leading_->transfer_to)) leading_->transfer_to = nobody;
}

// A configuration has its own steps once it is committed.
void consensus::after_commit(effects& out) {
  const auto& [placed_at, now] = members_.latest();
  if (placed_at > commit_) return;
  if (now.joint()) {
    append_configuration(left_joint(now), out);
    feed(out);
    // Alone it may be committed already by what is durable; with others it takes their answers.
    return;
  }
  // Section 4.2.2: a leader that is no longer a voter has led until the others could do without it.
  if (!now.is_voter(self_)) hand_over(out);
}

void consensus::hand_over(effects& out) {
  const progress* best = nullptr;
  node_id heir = nobody;
  for (const auto node : members_.latest().members.voters) {
    const auto* p = peer(node);
    if (p && (!best || p->match() > best->match())) {
      best = p;
      heir = node;
    }
  }
  if (heir != nobody && may_be_heard()) out.send.push_back(to(heir, timeout_now{}));
  become_follower(vote_.term, nobody, out);
}

std::expected<effects, refusal> consensus::transfer(node_id node) {
  check_awake();
  if (role_ != role::leader) return std::unexpected(refusal::not_leader);
  if (leading_->transfer_to != nobody) return std::unexpected(refusal::in_progress);
  if (node == self_ || !members_.latest().members.is_voter(node)) {
    return std::unexpected(refusal::bad_target);
  }
  leading_->transfer_to = node;
  leading_->transfer_until = now_ + options_.election_max;
  leading_->told_to_stand = false;
  effects out;
  try_transfer(out);
  return out;
}

// Section 3.10: once the heir has everything, it need not wait for a timeout.
void consensus::try_transfer(effects& out) {
  if (!leading_ || leading_->transfer_to == nobody || leading_->told_to_stand) return;
  const auto* p = peer(leading_->transfer_to);
  if (!p || p->match() != log_.last().index) return;
  leading_->told_to_stand = true;
  out.send.push_back(to(leading_->transfer_to, timeout_now{}));
}

}  // namespace weir::raft
