#pragma once
// Sees everything that happens in a run and throws a violation when something happens that never
// may. It knows what nodes said and stored, not what they think.
//
// Holds: at most one leader a term; a node votes once a term; a leader was elected by majorities of
// its configuration's voters; it commits by entries of its own term, which are on the disks of such
// majorities; what is committed is the same everywhere and for ever; offsets have no holes; a batch
// of an idempotent producer is committed once; what was acknowledged is committed where the answer
// said; readers see committed entries only.
#include <functional>
#include <set>

#include "core/raft/consensus.h"
#include "sim/entry.h"

namespace weir::sim {

class oracle {
 public:
  // Whether the node has the entry on disk; a node that lost its disk had it.
  using on_disk = std::function<bool(node_id, raft::entry_id)>;

  void granted(node_id voter, node_id candidate, weir::term term);
  void leads(node_id leader, weir::term term, const raft::configuration& members);
  // The leader of `term` says so.
  void committed_by(node_id leader, weir::term term, raft::entry_id entry,
                    const raft::configuration& members, const on_disk& stored) const;
  // A node takes the entry for committed.
  void committed(node_id node, const entry& e);
  // A node's state at that index, made of all entries.
  void state(node_id node, log_index index, std::uint64_t chain) const;
  // What a node that has all that is committed knows of keys that are deleted now and then.
  void keys(node_id node, const std::map<std::uint32_t, std::uint64_t>& registers) const;
  void acknowledged(const batch_claim& claim, offset base) const;
  void written(const register_write& write);
  // A reader got it at `expected`.
  void read(node_id node, const entry& e, offset expected) const;

  [[nodiscard]] log_index last() const { return log_index(entries_.size()); }
  [[nodiscard]] offset next_offset() const { return next_offset_; }
  [[nodiscard]] weir::term last_led() const {
    return leaders_.empty() ? weir::term{} : leaders_.rbegin()->first;
  }

 private:
  struct seen {
    std::uint64_t hash;
    std::uint64_t chain;
    offset base;
    std::uint32_t offsets;
    bool may_go = false;  // compaction may take it: a newer one has its key, or it deletes one
  };

  std::map<weir::term, node_id> leaders_;
  std::map<std::pair<weir::term, node_id>, node_id> votes_;
  std::vector<seen> entries_;
  std::map<std::uint32_t, std::size_t> newest_;  // of a key, in entries_
  std::map<std::uint32_t, std::uint64_t> deletable_;
  offset next_offset_{0};
  std::map<std::pair<std::int64_t, std::int32_t>, offset> sequences_;
  std::map<std::uint64_t, offset> tags_;
};

// A majority of each set of voters, counted here and not by the code under test.
bool has_majorities(const raft::configuration& members, const std::function<bool(node_id)>& yes);

}  // namespace weir::sim
