#pragma once
// All groups of one kind by their ids, with what has to be kept right around them: what they take
// of memory, and which of them has something to do next.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/base/text.h"

namespace weir::group {

template <typename Group>
class group_table {
 public:
  using group_map = std::map<text, std::unique_ptr<Group>>;

  [[nodiscard]] bool contains(const text& id) const { return groups_.contains(id); }
  // Null: there is none.
  [[nodiscard]] Group* find(const text& id) const {
    const auto at = groups_.find(id);
    return at == groups_.end() ? nullptr : at->second.get();
  }
  Group& made(const text& id) {
    auto at = groups_.find(id);
    if (at == groups_.end()) {
      auto g = std::make_unique<Group>(id);
      const auto& kept = g->id();
      at = groups_.emplace(kept, std::move(g)).first;
    }
    return *at->second;
  }
  void erase(const text& id) {
    forget_due(id);
    if (const auto at = counted_.find(id); at != counted_.end()) {
      memory_bytes_ -= at->second;
      counted_.erase(at);
    }
    groups_.erase(id);
  }
  // After whatever was done to the group.
  void settle(const Group& g) {
    auto& counted = counted_[g.id()];
    memory_bytes_ += g.memory_bytes() - counted;
    counted = g.memory_bytes();
    const auto next = g.next_deadline();
    const auto at = due_.find(g.id());
    if (at != due_.end() && next && *next == at->second) return;
    forget_due(g.id());
    if (!next) return;
    due_.emplace(g.id(), *next);
    in_order_.insert({*next, g.id()});
  }

  [[nodiscard]] std::optional<std::int64_t> next_deadline() const {
    if (in_order_.empty()) return std::nullopt;
    return in_order_.begin()->first;
  }
  // One that has something to do by now; null: none has.
  [[nodiscard]] Group* due(std::int64_t now_ms) const {
    if (in_order_.empty() || in_order_.begin()->first > now_ms) return nullptr;
    return find(in_order_.begin()->second);
  }
  [[nodiscard]] const group_map& all() const { return groups_; }
  [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
  // Whether both have the same groups, and `same` holds for each of them.
  template <typename Same>
  [[nodiscard]] bool equals(const group_table& other, Same same) const {
    return std::ranges::equal(groups_, other.groups_, [&](const auto& a, const auto& b) {
      return a.first == b.first && same(*a.second, *b.second);
    });
  }

 private:
  void forget_due(const text& id) {
    const auto at = due_.find(id);
    if (at == due_.end()) return;
    in_order_.erase({at->second, at->first});
    due_.erase(at);
  }

  group_map groups_;
  std::map<text, std::size_t> counted_;  // of memory, in the sum
  std::size_t memory_bytes_ = 0;
  // When groups have something to do, and the same by time.
  std::map<text, std::int64_t> due_;
  std::set<std::pair<std::int64_t, text>> in_order_;
};

}  // namespace weir::group
