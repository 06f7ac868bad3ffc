#include "core/group/offset_store.h"

#include <algorithm>
#include <vector>

namespace weir::group {

namespace {

// An entry of a map, with what its topic and group take shared out.
constexpr std::size_t entry_bytes = 192;

std::size_t memory_of(const committed_offset& v) {
  return entry_bytes + v.metadata.size();
}

committed_offset from_record(const logged::offset_commit_value& v, std::uint64_t order) {
  return {offset(v.offset),
          v.leader_epoch,
          v.metadata.str(),
          timestamp(v.commit_timestamp),
          timestamp(v.expire_timestamp),
          v.topic_id,
          order};
}

// The value below two keys of nested maps, or null.
template <typename Topics>
auto* inside(Topics& topics, std::string_view topic, std::int32_t partition) {
  const auto t = topics.find(topic);
  using found = decltype(&t->second.begin()->second);
  if (t == topics.end()) return found{nullptr};
  const auto p = t->second.find(partition);
  return p == t->second.end() ? found{nullptr} : &p->second;
}

// Erases, and what becomes empty by that.
template <typename Groups>
void erase_inside(Groups& groups, std::string_view group, std::string_view topic,
                  std::int32_t partition) {
  const auto g = groups.find(group);
  const auto t = g->second.find(topic);
  t->second.erase(partition);
  if (t->second.empty()) g->second.erase(t);
  if (g->second.empty()) groups.erase(g);
}

template <typename Map>
auto& at_name(Map& map, std::string_view name) {
  const auto found = map.find(name);
  if (found != map.end()) return found->second;
  return map.emplace(std::string(name), typename Map::mapped_type{}).first->second;
}

}  // namespace

bool operator==(const committed_offset& a, const committed_offset& b) {
  return a.at == b.at && a.leader_epoch == b.leader_epoch && a.metadata == b.metadata &&
         a.committed == b.committed && a.expires == b.expires && a.topic_id == b.topic_id;
}

bool operator==(const offset_store& a, const offset_store& b) {
  return a.groups_ == b.groups_ && a.pending_ == b.pending_ && a.open_ == b.open_;
}

void offset_store::apply(const logged::offset_commit_key& key,
                         const logged::offset_commit_value* value,
                         const std::optional<transaction_of>& transaction) {
  ++applied_;
  if (!value) {
    erase(key.group, key.topic, key.partition);
    if (!broken_.leaves_pending) erase_pending(key.group, key.topic, key.partition);
  } else if (transaction) {
    put_pending(key, transaction->producer, from_record(*value, applied_));
  } else {
    put(key.group, key.topic, key.partition, from_record(*value, applied_));
  }
}

void offset_store::put(std::string_view group, std::string_view topic, std::int32_t partition,
                       committed_offset value) {
  auto& partitions = at_name(at_name(groups_, group), topic);
  const auto [at, fresh] = partitions.try_emplace(partition);
  if (fresh) {
    ++size_;
  } else {
    memory_bytes_ -= memory_of(at->second);
  }
  at->second = std::move(value);
  memory_bytes_ += memory_of(at->second);
}

void offset_store::put_pending(const logged::offset_commit_key& key, producer_id producer,
                               committed_offset value) {
  (void)take_pending(key.group, key.topic, key.partition, producer);
  memory_bytes_ += memory_of(value);
  ++pending_size_;
  at_name(at_name(pending_, key.group), key.topic)[key.partition][producer] = std::move(value);
  at_name(open_[producer], key.group).emplace(key.topic.str(), key.partition);
}

void offset_store::erase(std::string_view group, std::string_view topic, std::int32_t partition) {
  const auto* there = find(group, topic, partition);
  if (!there) return;
  memory_bytes_ -= memory_of(*there);
  --size_;
  erase_inside(groups_, group, topic, partition);
}

void offset_store::erase_pending(std::string_view group, std::string_view topic,
                                 std::int32_t partition) {
  const auto g = pending_.find(group);
  if (g == pending_.end()) return;
  const auto* producers = inside(g->second, topic, partition);
  if (!producers) return;
  std::vector<producer_id> all;
  for (const auto& [producer, value] : *producers) all.push_back(producer);
  for (const auto producer : all) (void)take_pending(group, topic, partition, producer);
}

std::optional<committed_offset> offset_store::take_pending(std::string_view group,
                                                           std::string_view topic,
                                                           std::int32_t partition,
                                                           producer_id producer) {
  const auto g = pending_.find(group);
  if (g == pending_.end()) return std::nullopt;
  auto* producers = inside(g->second, topic, partition);
  if (!producers) return std::nullopt;
  const auto found = producers->find(producer);
  if (found == producers->end()) return std::nullopt;
  auto value = std::move(found->second);
  producers->erase(found);
  if (producers->empty()) erase_inside(pending_, group, topic, partition);
  memory_bytes_ -= memory_of(value);
  --pending_size_;

  const auto of = open_.find(producer);
  const auto places = of->second.find(group);
  places->second.erase({std::string(topic), partition});
  if (places->second.empty()) of->second.erase(places);
  if (of->second.empty()) open_.erase(of);
  return value;
}

std::set<std::string> offset_store::apply_marker(producer_id producer, bool commit) {
  std::set<std::string> touched;
  const auto of = open_.find(producer);
  if (of == open_.end()) return touched;
  const auto places = of->second;  // it goes away below
  for (const auto& [group, in_group] : places) {
    touched.insert(group);
    for (const auto& [topic, partition] : in_group) {
      auto value = take_pending(group, topic, partition, producer);
      const auto* there = find(group, topic, partition);
      if (commit && (!there || there->order < value->order || broken_.takes_back)) {
        put(group, topic, partition, *std::move(value));
      }
    }
  }
  return touched;
}

const offset_store::topic_map* offset_store::find(std::string_view group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

const committed_offset* offset_store::find(std::string_view group, std::string_view topic,
                                           std::int32_t partition) const {
  const auto* topics = find(group);
  return topics ? inside(*topics, topic, partition) : nullptr;
}

bool offset_store::is_pending(std::string_view group, std::string_view topic,
                              std::int32_t partition) const {
  const auto g = pending_.find(group);
  return g != pending_.end() && inside(g->second, topic, partition) != nullptr;
}

std::vector<std::pair<std::string, std::int32_t>> offset_store::places(
    std::string_view group) const {
  place_set all;
  const auto gather = [&](const auto& groups) {
    const auto g = groups.find(group);
    if (g == groups.end()) return;
    for (const auto& [topic, partitions] : g->second) {
      for (const auto& [partition, what] : partitions) all.emplace(topic, partition);
    }
  };
  gather(groups_);
  gather(pending_);
  return {all.begin(), all.end()};
}

std::vector<std::string> offset_store::pending_groups() const {
  std::vector<std::string> all;
  all.reserve(pending_.size());
  for (const auto& [group, topics] : pending_) all.push_back(group);
  return all;
}

}  // namespace weir::group
