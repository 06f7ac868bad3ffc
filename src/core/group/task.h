#pragma once
// Tasks of a streams group (KIP-1071): one for each subtopology and number of a partition of its
// sources. Members have a task as its worker, as a standby that keeps a copy of its state, or as
// one who warms a copy up.
#include <compare>
#include <cstdint>

#include "core/base/text.h"
#include "core/group/partition_set.h"

namespace weir::group {

enum class task_role : std::uint8_t { active, standby, warmup };

struct subtopology_role {
  task_role role = task_role::active;
  text subtopology;
  friend auto operator<=>(const subtopology_role&, const subtopology_role&) = default;
  bool operator==(const subtopology_role&) const = default;
};

// A task together with what its member does for it: another role is another thing to have.
struct task {
  subtopology_role of;
  std::int32_t partition = 0;
  bool operator==(const task&) const = default;
};
inline const subtopology_role& whole_of(const task& t) {
  return t.of;
}

using task_set = partition_set<task>;
using owned_tasks = owned_set<task>;

// As messages and records have them.
template <typename List, typename Set>
void put_tasks(const Set& from, task_role role, List& to) {
  for (const auto& [of, partitions] : from.topics()) {
    if (of.role != role) continue;
    auto& t = to.emplace_back();
    t.subtopology_id = of.subtopology;
    for (const auto& p : partitions) {
      if constexpr (requires { p.first; }) {
        t.partitions.push_back(p.first);
      } else {
        t.partitions.push_back(p);
      }
    }
  }
}
template <typename List>
void add_tasks(const List& from, task_role role, task_set& to) {
  for (const auto& t : from) to.add({role, t.subtopology_id}, t.partitions);
}
// All three lists that a message or record has.
template <typename Message, typename Set>
void put_tasks(const Set& from, Message& to) {
  const auto list = [](auto& of) -> auto& {
    if constexpr (requires {
                    of.emplace();
                    of.has_value();
                  }) {
      return of ? *of : of.emplace();
    } else {
      return of;
    }
  };
  put_tasks(from, task_role::active, list(to.active_tasks));
  put_tasks(from, task_role::standby, list(to.standby_tasks));
  put_tasks(from, task_role::warmup, list(to.warmup_tasks));
}

}  // namespace weir::group
