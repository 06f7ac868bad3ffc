#include "core/group/topic_partitions.h"

namespace weir::group {

void topic_partitions::tidy(partition_list& list) {
  if (!std::ranges::is_sorted(list)) std::ranges::sort(list);
  const auto twice = std::ranges::unique(list);
  list.erase(twice.begin(), twice.end());
}

void topic_partitions::add(const partition_key& one) {
  auto& list = topics_[one.topic_id];
  const auto at = std::ranges::lower_bound(list, one.partition);
  if (at == list.end() || *at != one.partition) list.insert(at, one.partition);
}

void topic_partitions::remove(const partition_key& one) {
  const auto topic = topics_.find(one.topic_id);
  if (topic == topics_.end()) return;
  auto& list = topic->second;
  const auto at = std::ranges::lower_bound(list, one.partition);
  if (at != list.end() && *at == one.partition) list.erase(at);
  if (list.empty()) topics_.erase(topic);
}

bool topic_partitions::contains(const partition_key& one) const {
  const auto topic = topics_.find(one.topic_id);
  return topic != topics_.end() && std::ranges::binary_search(topic->second, one.partition);
}

bool topic_partitions::contains_all(const topic_partitions& others) const {
  return std::ranges::all_of(others.topics_, [&](const auto& other) {
    const auto topic = topics_.find(other.first);
    return topic != topics_.end() && std::ranges::includes(topic->second, other.second);
  });
}

bool topic_partitions::intersects(const topic_partitions& others) const {
  return std::ranges::any_of(others.topics_, [&](const auto& other) {
    return std::ranges::any_of(other.second, [&](auto p) { return contains({other.first, p}); });
  });
}

std::size_t topic_partitions::size() const {
  std::size_t n = 0;
  for (const auto& [topic, list] : topics_) n += list.size();
  return n;
}

const std::int32_t* owned_partitions::find(const partition_key& one) const {
  const auto topic = topics_.find(one.topic_id);
  if (topic == topics_.end()) return nullptr;
  const auto at = topic->second.find(one.partition);
  return at == topic->second.end() ? nullptr : &at->second;
}

std::int32_t owned_partitions::epoch_of(const partition_key& one) const {
  const auto* epoch = find(one);
  return epoch ? *epoch : -1;
}

bool owned_partitions::contains_all(const topic_partitions& others) const {
  return std::ranges::all_of(others.topics(), [&](const auto& other) {
    return std::ranges::all_of(other.second, [&](auto p) { return contains({other.first, p}); });
  });
}

bool owned_partitions::intersects(const topic_partitions& others) const {
  return std::ranges::any_of(others.topics(), [&](const auto& other) {
    return std::ranges::any_of(other.second, [&](auto p) { return contains({other.first, p}); });
  });
}

bool owned_partitions::same_partitions(const owned_partitions& other) const {
  return std::ranges::equal(topics_, other.topics_, [](const auto& a, const auto& b) {
    return a.first == b.first && std::ranges::equal(
                                     a.second, b.second, {}, [](const auto& p) { return p.first; },
                                     [](const auto& p) { return p.first; });
  });
}

std::size_t owned_partitions::size() const {
  std::size_t n = 0;
  for (const auto& [topic, epochs] : topics_) n += epochs.size();
  return n;
}

topic_partitions owned_partitions::partitions() const {
  topic_partitions out;
  for (const auto& [topic, epochs] : topics_) {
    topic_partitions::partition_list list;
    list.reserve(epochs.size());
    for (const auto& [partition, epoch] : epochs) list.push_back(partition);
    out.add(topic, list);
  }
  return out;
}

}  // namespace weir::group
