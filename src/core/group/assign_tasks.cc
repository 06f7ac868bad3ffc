#include "core/group/assign_tasks.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace weir::group {
namespace {

class task_sharing {
 public:
  task_sharing(const task_assignment_input& in, std::uint64_t& work);

  std::vector<task_set> result();

 private:
  using member = std::uint32_t;   // place in the input
  using process = std::uint32_t;  // in the order of its first member
  struct place {                  // a task
    std::uint32_t subtopology;
    std::int32_t partition;
    friend auto operator<=>(const place&, const place&) = default;
    bool operator==(const place&) const = default;
  };
  struct past {
    std::vector<member> workers;
    std::vector<member> standbys;
  };
  struct process_load {
    std::vector<member> members;
    std::size_t tasks = 0;
    std::set<place> has;
  };

  void remember(member m, const std::map<text, std::uint32_t>& subtopologies);
  [[nodiscard]] std::vector<place> places(bool with_state_only) const;
  // Whether `a` has less to do than `b`, for its number of members.
  [[nodiscard]] bool is_lighter(process a, process b) const {
    return processes_[a].tasks * processes_[b].members.size() <
           processes_[b].tasks * processes_[a].members.size();
  }
  void give(member m, const place& t, task_role role);
  void share_active();
  bool give_within_quota(const std::vector<member>& who, const place& t);
  [[nodiscard]] process lightest_for_active() const { return by_load_.begin()->second; }
  void share_standbys();
  bool stays_at(const std::vector<member>& who, const place& t);
  bool give_to_lightest(const place& t);
  [[nodiscard]] member lightest_member(process p) const;

  // Processes in the order of what they have to do: as a fraction, then as they are numbered.
  struct load_key {
    std::size_t tasks;
    std::size_t members;
    bool operator<(const load_key& o) const { return tasks * o.members < o.tasks * members; }
    bool operator==(const load_key& o) const { return tasks * o.members == o.tasks * members; }
  };
  [[nodiscard]] load_key key(process p) const {
    return {processes_[p].tasks, processes_[p].members.size()};
  }

  const task_assignment_input& in_;
  std::uint64_t& work_;
  std::vector<process> process_of_;  // by member
  std::vector<process_load> processes_;
  std::set<std::pair<load_key, process>> by_load_;
  std::vector<std::size_t> load_;    // by member: tasks of any role
  std::vector<std::size_t> active_;  // by member
  std::map<place, past> past_;
  // How many active tasks a member may keep: once as many members have it as must, one less.
  std::size_t quota_ = 0;
  std::size_t open_tasks_ = 0;
  std::size_t open_members_ = 0;
  std::vector<task_set> out_;
};

task_sharing::task_sharing(const task_assignment_input& in, std::uint64_t& work)
    : in_(in),
      work_(work),
      load_(in.members.size(), 0),
      active_(in.members.size(), 0),
      out_(in.members.size()) {
  std::map<std::string_view, process> numbers;
  for (member m = 0; m < in_.members.size(); ++m) {
    const auto next = static_cast<process>(processes_.size());
    const auto [at, is_new] = numbers.try_emplace(in_.members[m].process_id, next);
    if (is_new) processes_.emplace_back();
    processes_[at->second].members.push_back(m);
    process_of_.push_back(at->second);
  }
  for (process p = 0; p < processes_.size(); ++p) by_load_.emplace(key(p), p);
  std::map<text, std::uint32_t> subtopologies;
  for (std::uint32_t s = 0; s < in_.subtopologies.size(); ++s) {
    subtopologies.emplace(in_.subtopologies[s].id, s);
  }
  for (member m = 0; m < in_.members.size(); ++m) remember(m, subtopologies);
}

void task_sharing::remember(member m, const std::map<text, std::uint32_t>& subtopologies) {
  if (!in_.members[m].before) return;
  for (const auto& [of, partitions] : in_.members[m].before->topics()) {
    const auto at = subtopologies.find(of.subtopology);
    if (at == subtopologies.end()) continue;
    for (const auto p : partitions) {
      auto& then = past_[{at->second, p}];
      (of.role == task_role::active ? then.workers : then.standbys).push_back(m);
      ++work_;
    }
  }
}

// Those of one number side by side: whoever works on a part of one topic works on the same part of
// the others.
std::vector<task_sharing::place> task_sharing::places(bool with_state_only) const {
  std::vector<place> out;
  for (std::uint32_t s = 0; s < in_.subtopologies.size(); ++s) {
    const auto& from = in_.subtopologies[s];
    if (with_state_only && !from.has_state) continue;
    for (std::int32_t p = 0; p < from.tasks; ++p) out.push_back({s, p});
  }
  std::ranges::stable_sort(out, {}, &place::partition);
  return out;
}

void task_sharing::give(member m, const place& t, task_role role) {
  const auto p = process_of_[m];
  by_load_.erase({key(p), p});
  ++processes_[p].tasks;
  processes_[p].has.insert(t);
  by_load_.emplace(key(p), p);
  ++load_[m];
  out_[m].add({{role, in_.subtopologies[t.subtopology].id}, t.partition});
  ++work_;
  if (role != task_role::active || ++active_[m] != quota_) return;
  // It has all that it may have; what the others may have follows from what is left.
  if (open_members_ == 0) return;
  --open_members_;
  open_tasks_ -= std::min(open_tasks_, quota_);
  if (open_members_ > 0) quota_ = (open_tasks_ + open_members_ - 1) / open_members_;
}

bool task_sharing::give_within_quota(const std::vector<member>& who, const place& t) {
  const auto has_room = [&](member m) { return active_[m] < quota_; };
  const member* best = nullptr;
  for (const auto& m : who) {
    if (has_room(m) && (!best || load_[m] < load_[*best])) best = &m;
  }
  if (best) give(*best, t, task_role::active);
  return best != nullptr;
}

void task_sharing::share_active() {
  auto open = places(false);
  open_tasks_ = open.size();
  open_members_ = in_.members.size();
  quota_ = (open_tasks_ + open_members_ - 1) / open_members_;
  std::erase_if(open, [&](const place& t) {
    const auto then = past_.find(t);
    return then != past_.end() && give_within_quota(then->second.workers, t);
  });
  std::erase_if(open, [&](const place& t) {
    const auto then = past_.find(t);
    return then != past_.end() && give_within_quota(then->second.standbys, t);
  });
  for (const auto& t : open) give(lightest_member(lightest_for_active()), t, task_role::active);
}

task_sharing::member task_sharing::lightest_member(process p) const {
  return *std::ranges::min_element(processes_[p].members, {}, [&](member m) { return load_[m]; });
}

// A standby where the task's state is, if that process has not the task and no more to do than any
// other.
bool task_sharing::stays_at(const std::vector<member>& who, const place& t) {
  const member* best = nullptr;
  for (const auto& m : who) {
    if (processes_[process_of_[m]].has.contains(t)) continue;
    if (!best || is_lighter(process_of_[m], process_of_[*best])) best = &m;
  }
  if (!best) return false;
  const auto p = process_of_[*best];
  if (processes_[p].tasks >= processes_[p].members.size() && by_load_.begin()->first < key(p)) {
    return false;
  }
  give(*best, t, task_role::standby);
  return true;
}

bool task_sharing::give_to_lightest(const place& t) {
  const auto then = past_.find(t);
  const auto had = [&](process p) {
    return then != past_.end() && std::ranges::any_of(then->second.standbys, [&](member m) {
             return process_of_[m] == p;
           });
  };
  std::optional<process> best;
  for (const auto& [load, p] : by_load_) {
    ++work_;
    if (best && key(*best) < load) break;
    if (processes_[p].has.contains(t)) continue;
    if (!best || (had(p) && !had(*best))) best = p;
  }
  if (best) give(lightest_member(*best), t, task_role::standby);
  return best.has_value();
}

// First each task's nearest copy stays, from the last task on, as far as loads let it; then the
// lightest processes get what is missing.
void task_sharing::share_standbys() {
  if (in_.standby_replicas <= 0) return;
  const auto all = places(true);
  std::vector<std::int32_t> missing(all.size(), in_.standby_replicas);
  for (std::size_t i = all.size(); i-- > 0;) {
    const auto then = past_.find(all[i]);
    if (then == past_.end()) continue;
    if (missing[i] > 0 && stays_at(then->second.workers, all[i])) --missing[i];
    if (missing[i] > 0 && stays_at(then->second.standbys, all[i])) --missing[i];
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    while (missing[i] > 0 && give_to_lightest(all[i])) --missing[i];
  }
}

std::vector<task_set> task_sharing::result() {
  if (in_.members.empty()) return {};
  share_active();
  quota_ = SIZE_MAX;
  share_standbys();
  return std::move(out_);
}

}  // namespace

std::vector<task_set> assign_tasks(const task_assignment_input& in, std::uint64_t& work) {
  return task_sharing(in, work).result();
}

}  // namespace weir::group
