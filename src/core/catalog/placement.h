#pragma once
// Where one partition's copies are, and where they are going (KIP-455).
//
// Raft moves the copies; this says where to. While a partition is reassigned it has a target;
// brokers of a target that was given up are `leaving` until Raft is known to have let them go,
// since they may hold all the data there is. A broker keeps its copy as long as names() says so.
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/base/ids.h"

namespace weir::catalog {

using replica_list = absl::InlinedVector<node_id, 4>;

// Which shard of a broker has its copy.
struct seat {
  node_id node;
  std::int32_t shard = 0;
  bool operator==(const seat&) const = default;
};
using seat_list = absl::InlinedVector<seat, 4>;

// As many voters as a Raft configuration has; also the most that one partition may name.
inline constexpr std::size_t replicas_max = 64;

// Not empty, no repeats, not too many.
bool well_formed(std::span<const node_id> replicas);

class placement {
 public:
  placement() = default;
  explicit placement(replica_list replicas) : replicas_(std::move(replicas)) {}
  // As it was, from a snapshot.
  placement(replica_list replicas, replica_list target, replica_list leaving, std::int32_t version,
            bool moved);

  // The preferred leader first. What Raft started from, unless moved().
  [[nodiscard]] const replica_list& replicas() const { return replicas_; }
  // Empty: it stays where it is.
  [[nodiscard]] std::span<const node_id> target() const;
  [[nodiscard]] std::span<const node_id> leaving() const;
  // Grows with every change: what was decided on an older one is out of date.
  [[nodiscard]] std::int32_t version() const { return version_; }
  // Whether a reassignment was ever finished. Before, a broker among the replicas that has no copy
  // yet begins one with the replicas as its Raft configuration; after, only an empty one that waits
  // for a leader: beginning again could elect a second one, that knows nothing.
  [[nodiscard]] bool moved() const { return moved_; }

  [[nodiscard]] bool reassigning() const { return !target().empty(); }
  // Raft has what the catalog wants, as far as its leader said.
  [[nodiscard]] bool settled() const { return !plan_; }
  [[nodiscard]] bool names(node_id node) const;
  // All that names() is true for, each once.
  [[nodiscard]] replica_list named() const;
  // What the partition's leader should make of its Raft configuration.
  [[nodiscard]] std::span<const node_id> wanted() const {
    return reassigning() ? target() : std::span<const node_id>(replicas_);
  }
  // As Kafka tells them: the target, then those that go; else the replicas.
  [[nodiscard]] replica_list assigned() const;
  [[nodiscard]] replica_list adding() const;
  [[nodiscard]] replica_list removing() const;

  // Of brokers whose shards are known: each that names() is true for has one.
  [[nodiscard]] std::optional<std::int32_t> shard_on(node_id node) const;
  [[nodiscard]] const seat_list& seats() const { return seats_; }
  void take_seat(node_id node, std::int32_t shard);
  void leave_seat(node_id node);

  // Whether begin() leaves no more than replicas_max named.
  [[nodiscard]] bool has_room_for(std::span<const node_id> target) const;
  // `target` is well formed and has room. Of the same brokers as the replicas: in effect at once.
  void begin(replica_list target);
  void cancel();
  void finish();

  friend bool operator==(const placement& a, const placement& b);

 private:
  // Rare, so that the other hundred thousand don't carry it; null when both are empty.
  struct plan {
    replica_list target;
    replica_list leaving;
    bool operator==(const plan&) const = default;
  };
  void replan(replica_list target, replica_list leaving);
  void give_up_target(std::span<const node_id> next);

  replica_list replicas_;
  std::unique_ptr<plan> plan_;
  seat_list seats_;
  std::int32_t version_ = 0;
  bool moved_ = false;
};

}  // namespace weir::catalog
