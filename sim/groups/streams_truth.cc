#include "sim/groups/streams_truth.h"

#include <algorithm>
#include <utility>

#include "sim/groups/target_epoch.h"

namespace weir::sim::groups {

using group::task_role;

void streams_truth::put(const std::string& group, const group::streams_record& record) {
  const auto* whole = std::get_if<group::streams_group_record>(&record);
  if (whole && !whole->value) {
    groups_.erase(group);
    return;
  }
  const bool ends = std::visit([](const auto& r) { return !r.value; }, record);
  if (ends && !groups_.contains(group)) return;
  touched_.insert(group);
  std::visit([&](const auto& r) { put(group, groups_[group], r); }, record);
}

void streams_truth::put(const std::string& group, streams_of_group& g,
                        const group::streams_group_record& r) {
  require(r.value->epoch >= g.epoch, "{} goes back from epoch {} to {}", group, g.epoch,
          r.value->epoch);
  g.epoch = r.value->epoch;
  g.validated = r.value->validated_topology;
}

void streams_truth::put(const std::string& group, streams_of_group& g,
                        const group::streams_member_record& r) {
  const auto id = r.member_id.str();
  if (r.value) {
    g.members.insert_or_assign(id, *r.value);
    return;
  }
  require(!g.has.contains(id), "{} of {} ends, and what it has does not", id, group);
  g.members.erase(id);
}

void streams_truth::put(const std::string& group, streams_of_group& g,
                        const group::target_epoch_record& r) {
  put_target(group, g, r);
}

// What can't run has no tasks.
void streams_truth::put(const std::string& group, streams_of_group& g,
                        const group::streams_target_record& r) {
  require(!r.value || r.value->empty() || g.validated >= 0, "{} is to have tasks, and {} can't run",
          r.member_id, group);
}

void streams_truth::put(const std::string& group, streams_of_group& g,
                        const group::streams_current_record& r) {
  const auto id = r.member_id.str();
  if (!r.value) {
    g.has.erase(id);
    return;
  }
  const auto before = g.has.find(id);
  const auto known = before == g.has.end() ? 0 : before->second.epoch;
  require(r.value->epoch >= known, "{} of {} goes back from epoch {} to {}", id, group, known,
          r.value->epoch);
  // The first epoch is of who waits for the first target.
  require(r.value->epoch <= std::max(g.target, 1), "{} of {} is in epoch {}, and the target in {}",
          id, group, r.value->epoch, g.target);
  g.has.insert_or_assign(id, *r.value);
}

void streams_truth::put(const std::string&, streams_of_group& g,
                        const group::streams_topology_record& r) {
  g.readers.clear();
  if (!r.value) return;
  for (const auto& s : r.value->subtopologies) {
    for (const auto& name : s.sources) g.readers.emplace(name.str(), s.id.str());
    for (const auto& t : s.repartition_sources) g.readers.emplace(t.name.str(), s.id.str());
  }
}

void streams_truth::settle() {
  for (const auto& group : std::exchange(touched_, {})) {
    const auto* g = find(group);
    if (g) check_owners(group, *g);
  }
}

// A task has one worker, and a process has it once.
void streams_truth::check_owners(const std::string& group, const streams_of_group& g) {
  std::map<task_place, std::string> workers;
  std::map<std::pair<task_place, std::string>, std::string> copies;
  for (const auto& [id, current] : g.has) {
    const auto m = g.members.find(id);
    require(m != g.members.end(), "{} of {} has tasks, and is not in it", id, group);
    const auto process = m->second.process_id.str();
    const auto own = [&](const group::task& t, std::int32_t) {
      const auto at = place_of(t);
      if (t.of.role == task_role::active) {
        const auto [other, alone] = workers.emplace(at, id);
        require(alone, "{} and {} of {} both have task {}", other->second, id, group, at.str());
      }
      const auto [other, alone] = copies.emplace(std::pair(at, process), id);
      require(alone, "{} and {} of {} have task {} in one process", other->second, id, group,
              at.str());
    };
    current.assigned.for_each(own);
    current.revoking.for_each(own);
  }
}

void streams_truth::check(const claim& by, std::int32_t partition) const {
  const auto* g = find(by.group);
  if (by.member.empty() && by.epoch < 0) {
    require(by.transactional || g->members.empty(), "who is no member of {} commits there",
            by.group);
    return;
  }
  const auto found = g->has.find(by.member);
  require(found != g->has.end(), "{} commits to {}, and is not in it", by.member, by.group);
  const auto& c = found->second;
  if (by.epoch == c.epoch) return;
  const auto reader = g->readers.find(by.topic);
  require(reader != g->readers.end(), "{} commits to {}, which does not read {}", by.member,
          by.group, by.topic);
  const group::task t{{task_role::active, text(reader->second)}, partition};
  const auto since = std::max(c.assigned.epoch_of(t), c.revoking.epoch_of(t));
  require(by.epoch < c.epoch && since >= 0 && since <= by.epoch,
          "{} commits to {} in epoch {}, and has task {} since {} in epoch {}", by.member, by.group,
          by.epoch, place_of(t).str(), since, c.epoch);
}

bool streams_truth::refuses(const claim& by, std::int32_t partition) const {
  try {
    check(by, partition);
    return false;
  } catch (const violation&) {
    return true;
  }
}

bool streams_truth::refuses(const kafka::streams_group_heartbeat_request& r) const {
  if (r.member_epoch <= group::joining_epoch) return false;
  const auto* g = find(r.group_id.str());
  if (!g) return true;
  const auto found = g->has.find(r.member_id.str());
  if (found == g->has.end() || found->second.epoch < r.member_epoch) return true;
  const auto& c = found->second;
  if (c.epoch == r.member_epoch) return false;
  if (r.member_epoch != c.previous_epoch || !r.active_tasks) return true;
  group::task_set owned;
  group::add_tasks(*r.active_tasks, task_role::active, owned);
  group::add_tasks(*r.standby_tasks, task_role::standby, owned);
  return !c.assigned.contains_all(owned);
}

void streams_truth::told(const kafka::streams_group_heartbeat_request& r,
                         const kafka::streams_group_heartbeat_response& a) const {
  if (r.member_epoch < group::joining_epoch) return;
  const auto* g = find(r.group_id.str());
  require(g && g->has.contains(a.member_id.str()), "{} hears that it is in {}, and is not",
          a.member_id, r.group_id);
  const auto& is = g->has.at(a.member_id.str());
  require(a.member_epoch == is.epoch, "{} of {} is told epoch {}, and is in {}", a.member_id,
          r.group_id, a.member_epoch, is.epoch);
  if (!a.active_tasks) return;
  group::task_set tasks;
  group::add_tasks(*a.active_tasks, task_role::active, tasks);
  group::add_tasks(*a.standby_tasks, task_role::standby, tasks);
  require(tasks == is.assigned.partitions(), "{} of {} is told {} tasks, and has {}", a.member_id,
          r.group_id, tasks.size(), is.assigned.size());
}

bool streams_truth::is_read(const std::string& group, const std::string& topic) const {
  const auto* g = find(group);
  return g && !g->members.empty() && g->readers.contains(topic);
}

const streams_of_group* streams_truth::find(const std::string& group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? nullptr : &found->second;
}

void streams_truth::takes(std::uint64_t client, const runner& as, const group::task& t) {
  const auto* g = find(as.group);
  const auto current = [&](const std::string& member) -> const group::task_assignment* {
    if (!g) return nullptr;
    const auto at = g->has.find(member);
    return at == g->has.end() ? nullptr : &at->second;
  };
  const auto* mine = current(as.member);
  // Who was put out, and does not know it yet, may think anything.
  const bool is_told = mine && mine->assigned.contains(t);
  for (const auto& [other, has] : runs_) {
    // Who is put out runs on until he hears of it.
    if (!is_told || other == client || has.as.group != as.group || !current(has.as.member))
      continue;
    const auto in_role = [&](task_role role) {
      return has.what.contains(group::task{{role, t.of.subtopology}, t.partition});
    };
    require(t.of.role != task_role::active || !in_role(task_role::active),
            "{} of {} runs task {}, which {} has not given up", as.member, as.group,
            place_of(t).str(), has.as.member);
    require(has.as.process != as.process ||
                (!in_role(task_role::active) && !in_role(task_role::standby)),
            "{} of {} has task {}, and so has {} in its process", as.member, as.group,
            place_of(t).str(), has.as.member);
  }
  auto& r = runs_[client];
  r.as = as;
  r.what.add(t);
}

void streams_truth::gives_up(std::uint64_t client, const group::task& t) {
  const auto found = runs_.find(client);
  if (found != runs_.end()) found->second.what.remove(t);
}

}  // namespace weir::sim::groups
