#pragma once
// When members are out of time: one deadline of each kind for each member. Soft state: a new leader
// begins anew.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/base/text.h"

namespace weir::group {

class consumer_deadlines {
 public:
  enum class kind : std::uint8_t {
    session,    // heard nothing from it
    rebalance,  // has not given up what it must
    join,       // of a classic member: has not joined again
    sync        // of a classic member: has not fetched its assignment
  };
  struct due {
    text member_id;
    kind what = kind::session;
  };

  void set(const text& member_id, kind what, std::int64_t at_ms) {
    cancel(member_id, what);
    const auto& id = by_member_.try_emplace({member_id, what}, at_ms).first->first.first;
    in_order_.insert({at_ms, {id, what}});
  }
  void cancel(const text& member_id, kind what) {
    const auto at = by_member_.find({member_id, what});
    if (at == by_member_.end()) return;
    in_order_.erase({at->second, at->first});
    by_member_.erase(at);
  }
  void cancel(const text& member_id) {
    for (const auto what : {kind::session, kind::rebalance, kind::join, kind::sync}) {
      cancel(member_id, what);
    }
  }
  [[nodiscard]] bool has(const text& member_id, kind what) const {
    return by_member_.contains({member_id, what});
  }
  [[nodiscard]] std::optional<std::int64_t> next() const {
    if (in_order_.empty()) return std::nullopt;
    return in_order_.begin()->first;
  }
  // Takes the earliest out, if it is due.
  std::optional<due> take(std::int64_t now_ms) {
    if (in_order_.empty() || in_order_.begin()->first > now_ms) return std::nullopt;
    const auto [id, what] = in_order_.begin()->second;
    cancel(id, what);
    return due{id, what};
  }

 private:
  using key = std::pair<text, kind>;

  std::map<key, std::int64_t> by_member_;
  std::set<std::pair<std::int64_t, key>> in_order_;
};

}  // namespace weir::group
