#pragma once
// Who leads each partition, as the brokers tell each other: soft state beside the catalog. Of two
// that claim a partition the one of the higher term is right, as in Raft. A table that lost
// something is right again once the leaders have told it again.
//
// 32 bytes a partition, in chunks by topic: it is on every shard.
#include <cstdint>
#include <map>
#include <memory>

#include "core/base/chunked_vector.h"
#include "core/base/ids.h"
#include "core/base/partition_key.h"
#include "core/catalog/state.h"

namespace weir::catalog {

inline constexpr node_id no_node{-1};

struct leader_report {
  partition_key key;
  node_id leader;
  weir::term term;
  std::uint64_t bytes = 0;  // of one copy
  replica_list behind;      // replicas that don't have all that is committed
};

class leader_table {
 public:
  struct entry {
    weir::term term;
    std::uint64_t bytes = 0;
    std::unique_ptr<replica_list> behind;  // null: nobody is
    node_id leader = no_node;

    [[nodiscard]] bool is_behind(node_id node) const;
  };

  enum class outcome : std::uint8_t {
    ignored,    // of an older term, or of no partition of the state
    refreshed,  // the same leader
    changed,    // another leader, or a new term
  };
  outcome take(const state& s, const leader_report& report);

  // Null: nobody has said anything of it yet.
  [[nodiscard]] const entry* find(const partition_key& key) const;
  // no_node where nobody is known to.
  [[nodiscard]] node_id leader_of(const partition_key& key) const;
  [[nodiscard]] std::uint64_t bytes_of(const partition_key& key) const;

  // The broker died: nobody leads what it led, until somebody says so. Gives how many those were.
  std::size_t drop_leader(node_id node);
  // What is no longer in the state goes.
  void forget_missing(const state& s);

 private:
  std::map<uuid, chunked_vector<entry>> topics_;
};

}  // namespace weir::catalog
