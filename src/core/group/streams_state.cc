#include "core/group/streams_state.h"

#include <algorithm>
#include <utility>

#include "core/group/kept.h"

namespace weir::group {
namespace {

using group::kept;

std::vector<std::pair<text, text>> kept(const std::vector<std::pair<text, text>>& from) {
  std::vector<std::pair<text, text>> out;
  out.reserve(from.size());
  for (const auto& [key, value] : from) out.emplace_back(kept(key), kept(value));
  return out;
}
streams_metadata kept(const streams_metadata& m) {
  auto out = m;
  out.instance_id = kept(m.instance_id);
  out.rack_id = kept(m.rack_id);
  out.client_id = kept(m.client_id);
  out.client_host = kept(m.client_host);
  out.process_id = kept(m.process_id);
  if (out.endpoint) out.endpoint->host = kept(m.endpoint->host);
  out.client_tags = kept(m.client_tags);
  return out;
}
subtopology_role kept(const subtopology_role& of) {
  return {of.role, kept(of.subtopology)};
}
task_set kept(const task_set& from) {
  task_set out;
  for (const auto& [of, partitions] : from.topics()) out.add(kept(of), partitions);
  return out;
}
// Of active tasks alone the log has epochs of their own: nobody commits for a copy.
owned_tasks kept(const owned_tasks& from, std::int32_t member_epoch) {
  owned_tasks out;
  for (const auto& [of, epochs] : from.topics()) {
    const auto own = kept(of);
    const bool has_epoch = of.role == task_role::active;
    for (const auto& [partition, epoch] : epochs) {
      out.add({own, partition}, has_epoch ? epoch : member_epoch);
    }
  }
  return out;
}
task_assignment kept(const task_assignment& from) {
  return {from.epoch, from.previous_epoch, from.state, kept(from.assigned, from.epoch),
          kept(from.revoking, from.epoch)};
}

// Roughly what things take with all that is kept of them.
constexpr std::size_t member_bytes = 1024;
constexpr std::size_t tag_bytes = 128;
constexpr std::size_t owned_bytes = 192;
constexpr std::size_t target_bytes = 8;

std::size_t bytes_of(const streams_metadata& m) {
  std::size_t n = member_bytes + m.client_id.size() + m.client_host.size() + m.process_id.size();
  for (const auto& [key, value] : m.client_tags) n += tag_bytes + key.size() + value.size();
  return n;
}
std::size_t bytes_of(const task_assignment& c) {
  return owned_bytes * (c.assigned.size() + c.revoking.size());
}
std::size_t bytes_of(const task_set& target) {
  return target_bytes * target.size();
}

}  // namespace

void streams_state::apply(const streams_record& record) {
  std::visit([&](const auto& r) { apply(r); }, record);
}

void streams_state::apply(const streams_group_record& r) {
  epoch_ = r.value.value_or(streams_epoch{});
  epoch_.configs = kept(epoch_.configs);
}

void streams_state::apply(const target_epoch_record& r) {
  target_ = r.value.value_or(target_epoch{});
}

// Compaction may leave a member's assignment ahead of the rest of it: each of the two makes the
// member, and only the end of its metadata ends it.
void streams_state::apply(const streams_member_record& r) {
  auto* member = find_in(members_, r.member_id);
  if (member) count(member->metadata, false);
  if (!r.value) {
    if (member) count(member->current, r.member_id, false);
    members_.erase(r.member_id);
    return;
  }
  auto& entry = member ? *member : members_[kept(r.member_id)];
  entry.metadata = kept(*r.value);
  count(entry.metadata, true);
}

void streams_state::apply(const streams_current_record& r) {
  auto at = members_.find(r.member_id);
  if (at == members_.end()) {
    if (!r.value) return;
    at = members_.try_emplace(kept(r.member_id)).first;
    count(at->second.metadata, true);
  }
  auto& current = at->second.current;
  count(current, at->first, false);
  current = r.value ? kept(*r.value) : task_assignment{};
  count(current, at->first, true);
}

void streams_state::apply(const streams_target_record& r) {
  if (const auto* before = target_of(r.member_id)) memory_bytes_ -= bytes_of(*before);
  if (r.value) {
    memory_bytes_ += bytes_of(*r.value);
    targets_.insert_or_assign(kept(r.member_id), kept(*r.value));
  } else {
    targets_.erase(r.member_id);
  }
}

void streams_state::apply(const streams_topology_record& r) {
  memory_bytes_ -= std::exchange(topology_bytes_, 0);
  readers_.clear();
  topology_.reset();
  if (!r.value) return;
  topology_ = kept(*r.value);
  topology_bytes_ = topology_->memory_bytes();
  memory_bytes_ += topology_bytes_;
  for (const auto& s : topology_->subtopologies) {
    for (const auto& name : s.sources) readers_.try_emplace(name, s.id);
    for (const auto& t : s.repartition_sources) readers_.try_emplace(t.name, s.id);
  }
}

void streams_state::count(const streams_metadata& m, bool in) {
  memory_bytes_ += in ? bytes_of(m) : std::size_t{0} - bytes_of(m);
  if (m.endpoint) in ? ++endpoints_ : --endpoints_;
}

void streams_state::count(const task_assignment& c, const text& member_id, bool in) {
  memory_bytes_ += in ? bytes_of(c) : std::size_t{0} - bytes_of(c);
  const auto each = [&](const task& t, std::int32_t) {
    const holder who{member_id, t.of.role};
    if (in) {
      holders_[{t.of.subtopology, t.partition}].insert(who);
      return;
    }
    const auto at = holders_.find({t.of.subtopology, t.partition});
    if (at == holders_.end()) return;
    at->second.erase(who);
    if (at->second.empty()) holders_.erase(at);
  };
  c.assigned.for_each(each);
  c.revoking.for_each(each);
}

const streams_member* streams_state::find(const text& member_id) const {
  return find_in(members_, member_id);
}
const task_set* streams_state::target_of(const text& member_id) const {
  return find_in(targets_, member_id);
}
const text* streams_state::reader_of(const text& topic) const {
  return find_in(readers_, topic);
}

bool streams_state::is_free(const task& t, const text& process_id) const {
  const auto at = holders_.find({t.of.subtopology, t.partition});
  if (at == holders_.end()) return true;
  return std::ranges::none_of(at->second, [&](const holder& who) {
    if (t.of.role == task_role::active && who.second == task_role::active) return true;
    return find(who.first)->metadata.process_id == process_id;
  });
}

}  // namespace weir::group
