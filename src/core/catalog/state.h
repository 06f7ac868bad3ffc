#pragma once
// The cluster's state: brokers, topics, where their partitions are, configs, feature levels,
// producer ids. A fold of commands: every shard of every broker applies the same ones in the same
// order and comes to the same state, or to the same refusal. apply() checks again what the proposer
// checked, since two proposals may have passed each other. Who leads a partition and who is alive
// is not here (docs/decisions/0010-cluster-state.md).
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/chunked_vector.h"
#include "core/base/ids.h"
#include "core/base/partition_key.h"
#include "core/base/uuid.h"
#include "core/catalog/broker.h"
#include "core/catalog/command.h"
#include "core/catalog/placement.h"
#include "core/options/layer.h"

namespace weir::catalog {

// Settings as stored: what a newer version wrote and this one can't read has no effect here, but is
// still there for the next one.
struct config_set {
  option_layer layer;
  std::map<std::string, std::string> unread;
  // The count of all changes of configs when it was made, so that no two sets have the same; 0:
  // never set.
  std::int64_t version = 0;
  bool operator==(const config_set&) const = default;
};
using named_configs = std::map<std::string, config_set, std::less<>>;

struct topic {
  std::string name;
  uuid id;
  chunked_vector<placement> partitions;
  option_layer configs;
  std::map<std::string, std::string> unread_configs;
  std::int64_t configs_version = 0;
  bool operator==(const topic&) const = default;
};

enum class refusal : std::uint8_t {
  topic_exists,
  unknown_topic,
  fewer_partitions,
  cluster_exists,
  foreign_cluster,      // the broker belongs to another one
  malformed_broker,     // it says things about itself that can't be
  unsupported_feature,  // of a level in force, or of one asked for: some broker doesn't have it
  feature_downgrade,    // not allowed by the command
  unknown_broker,
  broker_in_use,  // some partition still names it
  unknown_broker_state,
  unknown_partition,
  malformed_replicas,  // none, too many, or one twice
  partition_repeated,  // one command has it twice
  stale_placement,     // it changed since the command was decided
  no_reassignment,
  too_many_leaving,  // of targets given up; the partition's leader has to let them go first
  unknown_shard,     // a broker has no such one
  ids_taken,         // producer ids that somebody else got meanwhile
  stale_configs,     // they changed since the change was worked out
  unknown_resource,  // of a kind that has no configs
};

class state {
 public:
  std::expected<void, refusal> apply(const command& c);

  [[nodiscard]] const uuid& cluster_id() const { return cluster_id_; }
  [[nodiscard]] const topic* find(std::string_view name) const;
  [[nodiscard]] const topic* find(const uuid& id) const;
  [[nodiscard]] const placement* find(const partition_key& key) const;
  // By name.
  [[nodiscard]] const std::map<std::string, std::unique_ptr<topic>, std::less<>>& topics() const {
    return topics_;
  }
  [[nodiscard]] std::size_t partition_count() const { return partition_count_; }

  // The registered ones.
  [[nodiscard]] const std::map<node_id, broker>& brokers() const { return brokers_; }
  [[nodiscard]] const broker* find_broker(node_id id) const;
  [[nodiscard]] const broker* find_broker(const uuid& directory) const;
  // Whose a node id is, of all that were ever given.
  [[nodiscard]] const std::map<node_id, uuid>& node_ids() const { return node_ids_; }
  // Partitions that name the broker.
  [[nodiscard]] std::size_t replica_count(node_id id) const;
  // Copies on each of the broker's shards; empty where it never said how many those are.
  [[nodiscard]] std::span<const std::uint32_t> shard_loads(node_id id) const;
  // 0: off.
  [[nodiscard]] std::int16_t feature_level(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::int16_t, std::less<>>& feature_levels() const {
    return feature_levels_;
  }

  // How often the levels were changed.
  [[nodiscard]] std::int64_t features_epoch() const { return features_epoch_; }

  // Of the resource's set; what a change of it has to name as `was`.
  [[nodiscard]] std::int64_t configs_version(std::int8_t type, std::string_view name) const;
  // Of groups, and of subscriptions of client metrics: those that have any.
  [[nodiscard]] const named_configs& group_configs() const { return group_configs_; }
  [[nodiscard]] const named_configs& client_metrics_configs() const {
    return client_metrics_configs_;
  }
  // Set for all brokers, and for one of them.
  [[nodiscard]] const option_layer& cluster_configs() const { return cluster_configs_.layer; }
  [[nodiscard]] const option_layer* broker_configs(node_id node) const;
  // No producer id at or above this was handed out.
  [[nodiscard]] std::int64_t next_producer_id() const { return next_producer_id_; }

  friend bool operator==(const state& a, const state& b);

 private:
  friend class snapshot_writer;
  friend class snapshot_reader;
  using outcome = std::expected<void, refusal>;

  outcome on(const stored::cluster_created& c);
  outcome on(const stored::topic_created& c);
  outcome on(const stored::topic_deleted& c);
  outcome on(const stored::partitions_added& c);
  outcome on(const stored::configs_changed& c);
  outcome on(const stored::producer_ids_allocated& c);
  outcome on(const stored::broker_registered& c);
  outcome on(const stored::broker_unregistered& c);
  outcome on(const stored::broker_state_changed& c);
  outcome on(const stored::feature_levels_changed& c);
  outcome on(const stored::reassignments_begun& c);
  outcome on(const stored::reassignments_cancelled& c);
  outcome on(const stored::reassignments_finished& c);
  outcome on(const stored::shards_moved& c);

  [[nodiscard]] node_id id_for(const uuid& directory, std::int32_t wished) const;
  [[nodiscard]] outcome check_level(std::string_view name, std::int16_t level,
                                    bool downgrade) const;
  [[nodiscard]] outcome check_replicas(std::span<const node_id> replicas) const;
  template <typename Placements>
  outcome check_placements(const Placements& asked) const;
  template <typename Placements>
  void add_partitions(topic& to, const Placements& placements);
  topic& add_topic(std::string name, const uuid& id);
  // Where the named resource's set is, made if it was never set; null: no such kind, or name.
  [[nodiscard]] config_set* find_set(std::int8_t type, std::string_view name);
  [[nodiscard]] placement* find_mutable(const uuid& topic_id, std::int32_t partition);
  template <typename Change>
  void change(placement& at, Change how);
  void count(placement& at);
  void uncount(const placement& at);

  // state_shards.cc
  void seat_all(placement& at);
  void seat_at(placement& at, node_id node, std::int32_t shard);
  void unseat(placement& at, node_id node);
  void unseat_unnamed(placement& at);
  void know_shards(node_id node, std::int32_t cores);

  uuid cluster_id_;
  std::map<std::string, std::unique_ptr<topic>, std::less<>> topics_;
  // Not abseil's: its tables have another layout under sanitizers than the library was built with.
  std::map<uuid, topic*> by_id_;
  std::size_t partition_count_ = 0;
  std::map<node_id, broker> brokers_;
  std::map<node_id, uuid> node_ids_;
  std::map<node_id, std::size_t> replica_counts_;  // of who has any
  std::map<node_id, std::vector<std::uint32_t>> shard_loads_;
  std::map<std::string, std::int16_t, std::less<>> feature_levels_;
  std::int64_t features_epoch_ = 0;
  std::int64_t config_changes_ = 0;
  config_set cluster_configs_;
  std::map<node_id, config_set> broker_configs_;
  named_configs group_configs_;
  named_configs client_metrics_configs_;
  std::int64_t next_producer_id_ = 0;
};

inline constexpr std::int8_t topic_resource = 2;
inline constexpr std::int8_t broker_resource = 4;
inline constexpr std::int8_t client_metrics_resource = 16;
inline constexpr std::int8_t group_resource = 32;

}  // namespace weir::catalog
