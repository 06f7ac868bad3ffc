#pragma once
// The cluster's state: topics, their partitions and configs, producer ids. A fold of commands:
// every shard of every broker applies the same ones in the same order and comes to the same state.
// apply() checks again what the proposer checked, since two proposals may have passed each other.
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/catalog/command.h"
#include "core/options/layer.h"

namespace weir::catalog {

struct topic {
  std::string name;
  uuid id;
  std::vector<std::vector<node_id>> partitions;  // replicas of each, the preferred leader first
  option_layer configs;
};

enum class refusal : std::uint8_t { topic_exists, unknown_topic, fewer_partitions, cluster_exists };

class state {
 public:
  std::expected<void, refusal> apply(const command& c);

  [[nodiscard]] const uuid& cluster_id() const { return cluster_id_; }
  [[nodiscard]] const topic* find(std::string_view name) const;
  [[nodiscard]] const topic* find(const uuid& id) const;
  // By name.
  [[nodiscard]] const std::map<std::string, std::unique_ptr<topic>, std::less<>>& topics() const {
    return topics_;
  }
  [[nodiscard]] std::size_t partition_count() const { return partition_count_; }
  // Set for all brokers, and for one of them.
  [[nodiscard]] const option_layer& cluster_configs() const { return cluster_configs_; }
  [[nodiscard]] const option_layer* broker_configs(node_id node) const;
  // No producer id at or above this was handed out.
  [[nodiscard]] std::int64_t next_producer_id() const { return next_producer_id_; }

 private:
  std::expected<void, refusal> on(const stored::cluster_created& c);
  std::expected<void, refusal> on(const stored::topic_created& c);
  std::expected<void, refusal> on(const stored::topic_deleted& c);
  std::expected<void, refusal> on(const stored::partitions_added& c);
  std::expected<void, refusal> on(const stored::configs_changed& c);
  std::expected<void, refusal> on(const stored::producer_ids_allocated& c);

  uuid cluster_id_;
  std::map<std::string, std::unique_ptr<topic>, std::less<>> topics_;
  // Not abseil's: its tables have another layout under sanitizers than the library was built with.
  std::map<uuid, topic*> by_id_;
  std::size_t partition_count_ = 0;
  option_layer cluster_configs_;
  std::map<node_id, option_layer> broker_configs_;
  std::int64_t next_producer_id_ = 0;
};

inline constexpr std::int8_t topic_resource = 2;
inline constexpr std::int8_t broker_resource = 4;

}  // namespace weir::catalog
