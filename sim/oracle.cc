#include "sim/oracle.h"

#include <fmt/format.h>

#include "core/raft/describe.h"
#include "sim/random.h"

namespace weir::sim {
namespace {

template <typename... Facts>
[[noreturn]] void broken(fmt::format_string<Facts...> what, Facts&&... facts) {
  throw violation(fmt::format(what, std::forward<Facts>(facts)...));
}

bool more_than_half(const std::vector<node_id>& set, const std::function<bool(node_id)>& yes) {
  const auto count = std::ranges::count_if(set, yes);
  return 2 * count > static_cast<std::ptrdiff_t>(set.size());
}

}  // namespace

bool has_majorities(const raft::configuration& members, const std::function<bool(node_id)>& yes) {
  return more_than_half(members.voters, yes) &&
         (members.old_voters.empty() || more_than_half(members.old_voters, yes));
}

void oracle::granted(node_id voter, node_id candidate, weir::term term) {
  const auto [vote, is_new] = votes_.try_emplace({term, voter}, candidate);
  if (!is_new && vote->second != candidate) {
    broken("{} votes for {} and {} in term {}", voter, vote->second, candidate, term);
  }
}

void oracle::leads(node_id leader, weir::term term, const raft::configuration& members) {
  const auto [known, is_new] = leaders_.try_emplace(term, leader);
  if (!is_new && known->second != leader) {
    broken("{} and {} lead term {}", known->second, leader, term);
  }
  const auto voted = [&](node_id node) {
    const auto vote = votes_.find({term, node});
    return node == leader || (vote != votes_.end() && vote->second == leader);
  };
  if (!has_majorities(members, voted)) {
    broken("{} leads term {} without a majority of {}", leader, term, raft::describe(members));
  }
}

void oracle::committed_by(node_id leader, weir::term term, raft::entry_id entry,
                          const raft::configuration& members, const on_disk& stored) const {
  if (entry.term != term) {
    broken("{} leads term {} and commits {} by counting", leader, term, raft::describe(entry));
  }
  if (!has_majorities(members, [&](node_id node) { return stored(node, entry); })) {
    broken("{} commits {}, which is not on the disks of a majority of {}", leader,
           raft::describe(entry), raft::describe(members));
  }
}

void oracle::committed(node_id node, const entry& e) {
  const auto index = e.head.index;
  if (index <= last()) {
    if (entries_[index.value() - 1].hash != e.hash) {
      broken("{} takes another entry for committed at {}, of term {}", node, index, e.head.term);
    }
    return;
  }
  if (index != last() + 1) broken("{} commits {}, {} comes next", node, index, last() + 1);
  if (e.head.first_offset != next_offset_) {
    broken("entry {} has offset {}, {} comes next", index, e.head.first_offset, next_offset_);
  }
  next_offset_ += e.head.offset_count;
  const auto chain = mix(entries_.empty() ? 0 : entries_.back().chain, e.hash);
  entries_.push_back({e.hash, chain, e.head.first_offset, e.head.offset_count});
  if (e.kind == log::frame_kind::command) written(decode_write(*e.body));
  if (e.kind != log::frame_kind::batch) return;
  const auto claim = decode_batch(*e.body);
  tags_.try_emplace(claim.tag, e.head.first_offset);
  if (claim.producer < 0) return;
  const auto [first, is_new] =
      sequences_.try_emplace({claim.producer, claim.sequence}, e.head.first_offset);
  if (!is_new) {
    broken("batch {} of producer {} is at offset {} and again at {}", claim.sequence,
           claim.producer, first->second, e.head.first_offset);
  }
}

void oracle::written(const register_write& write) {
  const auto at = entries_.size() - 1;
  const auto [older, is_new] = newest_.try_emplace(write.key, at);
  if (!is_new) entries_[std::exchange(older->second, at)].may_go = true;
  entries_[at].may_go = write.deletes;
  if (write.key < first_deletable) return;
  if (write.deletes) {
    deletable_.erase(write.key);
  } else {
    deletable_[write.key] = write.value;
  }
}

void oracle::keys(node_id node, const std::map<std::uint32_t, std::uint64_t>& registers) const {
  const auto theirs = registers.lower_bound(first_deletable);
  for (auto at = theirs; at != registers.end(); ++at) {
    const auto known = deletable_.find(at->first);
    if (known == deletable_.end()) broken("{} has key {}, which is deleted", node, at->first);
    if (known->second != at->second) {
      broken("{} has {} under key {}, the newest is {}", node, at->second, at->first,
             known->second);
    }
  }
  if (std::distance(theirs, registers.end()) != std::ssize(deletable_)) {
    broken("{} has {} of {} keys", node, std::distance(theirs, registers.end()), deletable_.size());
  }
}

void oracle::state(node_id node, log_index index, std::uint64_t chain) const {
  if (index.value() == 0) return;
  if (index > last() || entries_[index.value() - 1].chain != chain) {
    broken("the state of {} at {} is not what is committed", node, index);
  }
}

void oracle::acknowledged(const batch_claim& claim, offset base) const {
  if (claim.producer >= 0) {
    const auto found = sequences_.find({claim.producer, claim.sequence});
    if (found == sequences_.end() || found->second != base) {
      broken("batch {} of producer {} was acknowledged at {} and is not committed there",
             claim.sequence, claim.producer, base);
    }
    return;
  }
  const auto found = tags_.find(claim.tag);
  // A plain producer's batch may be there more than once, the first one is as good as any.
  if (found == tags_.end() || found->second > base) {
    broken("batch {} was acknowledged at {} and is not committed", claim.tag, base);
  }
}

void oracle::read(node_id node, const entry& e, offset expected) const {
  const auto index = e.head.index;
  if (index > last() || entries_[index.value() - 1].hash != e.hash) {
    broken("a reader of {} got an entry at {} that is not committed", node, index);
  }
  // What lies between may be gone.
  auto missed = std::ranges::lower_bound(entries_, expected, {}, &seen::base);
  for (; missed != entries_.end() && missed->base < e.head.first_offset; ++missed) {
    if (missed->offsets == 0 || missed->may_go) continue;
    broken("a reader of {} got offset {} after {}", node, e.head.first_offset, expected - 1);
  }
}

}  // namespace weir::sim
