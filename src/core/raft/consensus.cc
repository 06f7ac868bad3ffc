#include "core/raft/consensus.h"

#include <algorithm>

#include "core/base/check.h"

namespace weir::raft {

consensus::consensus(node_id self, std::vector<node_id> voters, const stored_state& stored)
    : self_(self),
      voters_(std::move(voters)),
      term_(std::max(stored.last_vote.term, stored.last_term)),
      last_(stored.last_index),
      durable_(stored.last_index) {
  weir_check(std::ranges::find(voters_, self_) != voters_.end(), "node {} is not a voter", self_);
  weir_check(voters_.size() == 1, "{} voters, one is served", voters_.size());
}

effects consensus::tick() {
  effects out;
  if (role_ == role::leader) return out;
  // Alone in the set, this node's own vote is the majority.
  term_ += 1;
  role_ = role::leader;
  out.save_vote = vote{.term = term_, .voted_for = self_};
  ++last_;
  first_of_term_ = last_;
  out.append_term_start = entry_head{.term = term_, .index = last_};
  return out;
}

effects consensus::propose(std::span<const entry_head> entries) {
  weir_check(role_ == role::leader, "propose on a node that does not lead in term {}", term_);
  effects out;
  out.append.reserve(entries.size());
  for (entry_head entry : entries) {
    ++last_;
    entry.term = term_;
    entry.index = last_;
    out.append.push_back(entry);
  }
  return out;
}

effects consensus::durable(log_index through) {
  weir_check(through <= last_, "durable through {} of {}", through, last_);
  effects out;
  durable_ = std::max(durable_, through);
  advance_commit(out);
  return out;
}

void consensus::advance_commit(effects& out) {
  // The majority of one is this node's disk. An entry of an older term is committed only by one of
  // this term standing behind it (section 3.6.2).
  if (role_ != role::leader || durable_ < first_of_term_ || durable_ <= commit_) return;
  commit_ = durable_;
  out.commit = commit_;
}

}  // namespace weir::raft
