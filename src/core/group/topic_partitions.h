#pragma once
// Sets of partitions of several topics, in order: what a member has, gives up or is meant to have.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "core/base/partition_key.h"
#include "core/base/uuid.h"

namespace weir::group {

class topic_partitions {
 public:
  using partition_list = std::vector<std::int32_t>;  // ascending, each once

  // Puts a topic's partitions in, in whatever order they come; those that are in stay in.
  template <typename Partitions>
  void add(const uuid& topic, const Partitions& partitions) {
    if (partitions.begin() == partitions.end()) return;
    auto& list = topics_[topic];
    list.insert(list.end(), partitions.begin(), partitions.end());
    tidy(list);
  }
  void add(const partition_key& one);
  void remove(const partition_key& one);

  [[nodiscard]] bool contains(const partition_key& one) const;
  [[nodiscard]] bool contains_all(const topic_partitions& others) const;
  [[nodiscard]] bool intersects(const topic_partitions& others) const;
  [[nodiscard]] bool empty() const { return topics_.empty(); }
  [[nodiscard]] std::size_t size() const;

  // No list is empty.
  [[nodiscard]] const std::map<uuid, partition_list>& topics() const { return topics_; }
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& [topic, list] : topics_) {
      for (const auto p : list) f(partition_key{topic, p});
    }
  }
  bool operator==(const topic_partitions&) const = default;

 private:
  static void tidy(partition_list& list);

  std::map<uuid, partition_list> topics_;
};

// A set in which each partition has the epoch at which the member got it (KIP-1251): a commit that
// is older is not from this owner.
class owned_partitions {
 public:
  using epoch_map = std::map<std::int32_t, std::int32_t>;  // of one topic: epochs by partition

  void add(const partition_key& one, std::int32_t epoch) {
    topics_[one.topic_id].insert_or_assign(one.partition, epoch);
  }
  // -1: not in it.
  [[nodiscard]] std::int32_t epoch_of(const partition_key& one) const;
  [[nodiscard]] bool contains(const partition_key& one) const { return find(one) != nullptr; }
  [[nodiscard]] bool contains_all(const topic_partitions& others) const;
  [[nodiscard]] bool intersects(const topic_partitions& others) const;
  [[nodiscard]] bool same_partitions(const owned_partitions& other) const;
  [[nodiscard]] bool empty() const { return topics_.empty(); }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] topic_partitions partitions() const;

  [[nodiscard]] const std::map<uuid, epoch_map>& topics() const { return topics_; }
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& [topic, epochs] : topics_) {
      for (const auto& [partition, epoch] : epochs) f(partition_key{topic, partition}, epoch);
    }
  }
  bool operator==(const owned_partitions&) const = default;

 private:
  [[nodiscard]] const std::int32_t* find(const partition_key& one) const;

  std::map<uuid, epoch_map> topics_;
};

}  // namespace weir::group
