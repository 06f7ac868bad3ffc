#pragma once
// Sets of partitions of several things, in order: what a member has, gives up or is meant to have.
// The things are topics (topic_partitions.h) or what a streams group's tasks are of (task.h).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/partition_key.h"
#include "core/base/uuid.h"

namespace weir::group {

// What a key is a partition of. A key is made of it and a number.
inline const uuid& whole_of(const partition_key& key) {
  return key.topic_id;
}
template <typename Key>
using whole = std::remove_cvref_t<decltype(whole_of(std::declval<const Key&>()))>;

template <typename Key>
class partition_set {
 public:
  using partition_list = std::vector<std::int32_t>;  // ascending, each once

  // Puts partitions of one thing in, in whatever order they come; those that are in stay in.
  template <typename Partitions>
  void add(const whole<Key>& of, const Partitions& partitions) {
    if (partitions.begin() == partitions.end()) return;
    auto& list = lists_[of];
    list.insert(list.end(), partitions.begin(), partitions.end());
    if (!std::ranges::is_sorted(list)) std::ranges::sort(list);
    const auto twice = std::ranges::unique(list);
    list.erase(twice.begin(), twice.end());
  }
  void add(const Key& one) {
    auto& list = lists_[whole_of(one)];
    const auto at = std::ranges::lower_bound(list, one.partition);
    if (at == list.end() || *at != one.partition) list.insert(at, one.partition);
  }
  void remove(const Key& one) {
    const auto of = lists_.find(whole_of(one));
    if (of == lists_.end()) return;
    auto& list = of->second;
    const auto at = std::ranges::lower_bound(list, one.partition);
    if (at != list.end() && *at == one.partition) list.erase(at);
    if (list.empty()) lists_.erase(of);
  }

  [[nodiscard]] bool contains(const Key& one) const {
    const auto of = lists_.find(whole_of(one));
    return of != lists_.end() && std::ranges::binary_search(of->second, one.partition);
  }
  [[nodiscard]] bool contains_all(const partition_set& others) const {
    return std::ranges::all_of(others.lists_, [&](const auto& other) {
      const auto of = lists_.find(other.first);
      return of != lists_.end() && std::ranges::includes(of->second, other.second);
    });
  }
  [[nodiscard]] bool intersects(const partition_set& others) const {
    return std::ranges::any_of(others.lists_, [&](const auto& other) {
      return std::ranges::any_of(other.second, [&](auto p) { return contains({other.first, p}); });
    });
  }
  [[nodiscard]] bool empty() const { return lists_.empty(); }
  [[nodiscard]] std::size_t size() const {
    std::size_t n = 0;
    for (const auto& [of, list] : lists_) n += list.size();
    return n;
  }

  // No list is empty.
  [[nodiscard]] const std::map<whole<Key>, partition_list>& topics() const { return lists_; }
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& [of, list] : lists_) {
      for (const auto p : list) f(Key{of, p});
    }
  }
  bool operator==(const partition_set&) const = default;

 private:
  std::map<whole<Key>, partition_list> lists_;
};

// A set in which each partition has the epoch at which the member got it (KIP-1251): a commit that
// is older is not from this owner.
template <typename Key>
class owned_set {
 public:
  using epoch_map = std::map<std::int32_t, std::int32_t>;  // of one thing: epochs by partition

  void add(const Key& one, std::int32_t epoch) {
    epochs_[whole_of(one)].insert_or_assign(one.partition, epoch);
  }
  // -1: not in it.
  [[nodiscard]] std::int32_t epoch_of(const Key& one) const {
    const auto* epoch = find(one);
    return epoch ? *epoch : -1;
  }
  [[nodiscard]] bool contains(const Key& one) const { return find(one) != nullptr; }
  [[nodiscard]] bool contains_all(const partition_set<Key>& others) const {
    return std::ranges::all_of(others.topics(), [&](const auto& other) {
      return std::ranges::all_of(other.second, [&](auto p) { return contains({other.first, p}); });
    });
  }
  [[nodiscard]] bool intersects(const partition_set<Key>& others) const {
    return std::ranges::any_of(others.topics(), [&](const auto& other) {
      return std::ranges::any_of(other.second, [&](auto p) { return contains({other.first, p}); });
    });
  }
  [[nodiscard]] bool same_partitions(const owned_set& other) const {
    const auto partition = [](const auto& p) { return p.first; };
    return std::ranges::equal(epochs_, other.epochs_, [&](const auto& a, const auto& b) {
      return a.first == b.first && std::ranges::equal(a.second, b.second, {}, partition, partition);
    });
  }
  [[nodiscard]] bool empty() const { return epochs_.empty(); }
  [[nodiscard]] std::size_t size() const {
    std::size_t n = 0;
    for (const auto& [of, epochs] : epochs_) n += epochs.size();
    return n;
  }
  [[nodiscard]] partition_set<Key> partitions() const {
    partition_set<Key> out;
    for (const auto& [of, epochs] : epochs_) {
      typename partition_set<Key>::partition_list list;
      list.reserve(epochs.size());
      for (const auto& [partition, epoch] : epochs) list.push_back(partition);
      out.add(of, list);
    }
    return out;
  }

  [[nodiscard]] const std::map<whole<Key>, epoch_map>& topics() const { return epochs_; }
  template <typename F>
  void for_each(F&& f) const {
    for (const auto& [of, epochs] : epochs_) {
      for (const auto& [partition, epoch] : epochs) f(Key{of, partition}, epoch);
    }
  }
  bool operator==(const owned_set&) const = default;

 private:
  [[nodiscard]] const std::int32_t* find(const Key& one) const {
    const auto of = epochs_.find(whole_of(one));
    if (of == epochs_.end()) return nullptr;
    const auto at = of->second.find(one.partition);
    return at == of->second.end() ? nullptr : &at->second;
  }

  std::map<whole<Key>, epoch_map> epochs_;
};

}  // namespace weir::group
