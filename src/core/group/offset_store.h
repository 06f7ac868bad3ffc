#pragma once
// The committed offsets of all groups of a coordinator, and those that wait for the end of their
// transactions (KIP-98, KIP-447): the fold of OffsetCommit records and markers.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/codec/coordinator/offset_commit.h"
#include "core/group/defects.h"
#include "core/group/emitted.h"

namespace weir::group {

struct committed_offset {
  offset at;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  timestamp committed;
  timestamp expires = no_timestamp;  // asked for by the client; else the retention counts
  uuid topic_id;                     // zero: not known
  // Its place in the log among all records: a transaction that began before a commit and ends after
  // it doesn't take it back.
  std::uint64_t order = 0;

  // Of what a client or a record can tell.
  friend bool operator==(const committed_offset& a, const committed_offset& b);
};

class offset_store {
 public:
  using partition_map = std::map<std::int32_t, committed_offset>;
  using topic_map = std::map<std::string, partition_map, std::less<>>;
  using group_map = std::map<std::string, topic_map, std::less<>>;

  explicit offset_store(const defects& broken = {}) : broken_(broken) {}

  // Null: a tombstone, which takes what is pending for the key too.
  void apply(const logged::offset_commit_key& key, const logged::offset_commit_value* value,
             const std::optional<transaction_of>& transaction);
  // Gives the groups that it was about.
  std::set<std::string> apply_marker(producer_id producer, bool commit);

  // By group, topic, partition; nothing is empty.
  [[nodiscard]] const group_map& groups() const { return groups_; }
  [[nodiscard]] const topic_map* find(std::string_view group) const;
  [[nodiscard]] const committed_offset* find(std::string_view group, std::string_view topic,
                                             std::int32_t partition) const;
  // Whether some transaction that has not ended has an offset there.
  [[nodiscard]] bool is_pending(std::string_view group) const { return pending_.contains(group); }
  [[nodiscard]] bool is_pending(std::string_view group, std::string_view topic,
                                std::int32_t partition) const;
  // All places of the group that have something committed or pending.
  [[nodiscard]] std::vector<std::pair<std::string, std::int32_t>> places(
      std::string_view group) const;
  [[nodiscard]] std::vector<std::string> pending_groups() const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t pending_size() const { return pending_size_; }
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }

  friend bool operator==(const offset_store& a, const offset_store& b);

 private:
  using producer_map = std::map<producer_id, committed_offset>;
  using pending_partitions = std::map<std::int32_t, producer_map>;
  using pending_topics = std::map<std::string, pending_partitions, std::less<>>;
  using place_set = std::set<std::pair<std::string, std::int32_t>>;

  void put(std::string_view group, std::string_view topic, std::int32_t partition,
           committed_offset value);
  void put_pending(const logged::offset_commit_key& key, producer_id producer,
                   committed_offset value);
  void erase(std::string_view group, std::string_view topic, std::int32_t partition);
  void erase_pending(std::string_view group, std::string_view topic, std::int32_t partition);
  // Takes one out; nothing if it isn't there.
  std::optional<committed_offset> take_pending(std::string_view group, std::string_view topic,
                                               std::int32_t partition, producer_id producer);

  [[no_unique_address]] defects broken_;
  group_map groups_;
  std::map<std::string, pending_topics, std::less<>> pending_;
  // Where each producer has something pending.
  std::map<producer_id, std::map<std::string, place_set, std::less<>>> open_;
  std::uint64_t applied_ = 0;
  std::size_t size_ = 0;
  std::size_t pending_size_ = 0;
  std::size_t memory_bytes_ = 0;
};

}  // namespace weir::group
