#pragma once
// Shares out the tasks of a streams group among its members, as Kafka's sticky task assignor does.
// Deterministic: the same input gives the same answer.
//
// - Each task has one worker. Members get as many as any other, rounded up, and keep what they had
//   as far as that lets them; then whoever had a copy of a task's state goes first.
// - Tasks with state have standbys, each in another process than the worker and the other standbys;
//   where a task's state is already, if that process has no more to do than others. Where there are
//   too few processes, there are fewer standbys.
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "core/group/task.h"

namespace weir::group {

struct assignable_subtopology {
  text id;
  std::int32_t tasks = 0;
  bool has_state = false;
};

struct task_assignee {
  text member_id;
  std::string_view process_id;
  const task_set* before = nullptr;  // what it was meant to have so far; null: nothing
};

// Every subtopology is there once, and every member.
struct task_assignment_input {
  std::vector<assignable_subtopology> subtopologies;
  std::vector<task_assignee> members;
  std::int32_t standby_replicas = 0;
};

// For each member of the input, at its place. `work` grows by the steps taken.
std::vector<task_set> assign_tasks(const task_assignment_input& in, std::uint64_t& work);

}  // namespace weir::group
