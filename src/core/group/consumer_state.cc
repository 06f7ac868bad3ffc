#include "core/group/consumer_state.h"

#include "core/group/kept.h"

namespace weir::group {
namespace {

using group::kept;

void add_to(std::map<text, std::uint32_t>& counts, const text& what, bool in) {
  if (in) {
    ++counts[what];
    return;
  }
  const auto at = counts.find(what);
  if (at != counts.end() && --at->second == 0) counts.erase(at);
}

std::set<text> kept(const std::set<text>& from) {
  std::set<text> out;
  for (const auto& t : from) out.insert(out.end(), kept(t));
  return out;
}

member_metadata kept(const member_metadata& m) {
  auto out = m;
  out.instance_id = kept(m.instance_id);
  out.rack_id = kept(m.rack_id);
  out.client_id = kept(m.client_id);
  out.client_host = kept(m.client_host);
  out.topic_names = kept(m.topic_names);
  out.topic_regex = kept(m.topic_regex);
  out.server_assignor = kept(m.server_assignor);
  if (out.classic) {
    for (auto& p : out.classic->protocols) {
      p = {kept(p.name), bytes::copy(p.metadata.view())};
    }
  }
  return out;
}

// Roughly what things take with all that is kept of them.
constexpr std::size_t member_bytes = 1024;
constexpr std::size_t name_bytes = 128;
constexpr std::size_t owned_bytes = 128;
constexpr std::size_t target_bytes = 8;

std::size_t bytes_of(const member_metadata& m) {
  std::size_t n = member_bytes + m.client_id.size() + m.client_host.size() + m.topic_regex.size();
  for (const auto& name : m.topic_names) n += name_bytes + name.size();
  if (!m.classic) return n;
  for (const auto& p : m.classic->protocols) n += name_bytes + p.metadata.size();
  return n;
}

}  // namespace

void consumer_state::apply(const consumer_record& record) {
  std::visit([&](const auto& r) { apply(r); }, record);
}

void consumer_state::apply(const group_record& r) {
  epoch_ = r.value.value_or(group_epoch{});
}

void consumer_state::apply(const target_epoch_record& r) {
  target_ = r.value.value_or(target_epoch{});
}

// Compaction may leave a member's assignment ahead of the rest of it: each of the two makes the
// member, and only the end of its metadata ends it.
void consumer_state::apply(const member_record& r) {
  auto* member = find_in(members_, r.member_id);
  if (member) count(member->metadata, r.member_id, false);
  if (!r.value) {
    if (member) count(member->current, false);
    members_.erase(r.member_id);
    return;
  }
  auto& [id, entry] = *members_.try_emplace(kept(r.member_id)).first;
  entry.metadata = kept(*r.value);
  count(entry.metadata, id, true);
}

void consumer_state::apply(const current_record& r) {
  auto* member = find_in(members_, r.member_id);
  if (!member && !r.value) return;
  if (!member) {
    member = &members_[kept(r.member_id)];
    count(member->metadata, r.member_id, true);
  }
  count(member->current, false);
  member->current = r.value.value_or(current_assignment{});
  count(member->current, true);
}

void consumer_state::apply(const target_record& r) {
  if (const auto* before = target_of(r.member_id)) memory_bytes_ -= target_bytes * before->size();
  if (r.value) {
    memory_bytes_ += target_bytes * r.value->size();
    targets_.insert_or_assign(kept(r.member_id), *r.value);
  } else {
    targets_.erase(r.member_id);
  }
}

void consumer_state::apply(const regex_record& r) {
  if (const auto* before = resolved(r.regex)) memory_bytes_ -= name_bytes * before->topics.size();
  if (r.value) memory_bytes_ += name_bytes * r.value->topics.size();
  if (!r.value) {
    regexes_.erase(r.regex);
    return;
  }
  auto& regex = regexes_.insert_or_assign(kept(r.regex), *r.value).first->second;
  regex.topics = kept(regex.topics);
}

void consumer_state::count(const member_metadata& m, const text& member_id, bool in) {
  memory_bytes_ += in ? bytes_of(m) : std::size_t{0} - bytes_of(m);
  for (const auto& name : m.topic_names) add_to(names_, name, in);
  if (!m.topic_regex.empty()) add_to(patterns_, m.topic_regex, in);
  if (m.server_assignor) add_to(assignors_, *m.server_assignor, in);
  if (m.classic) {
    in ? ++classic_ : --classic_;
    std::set<text> offered;
    for (const auto& p : m.classic->protocols) offered.insert(p.name);
    for (const auto& name : offered) add_to(protocols_, name, in);
  }
  if (!m.instance_id) return;
  if (in) {
    instances_.insert_or_assign(*m.instance_id, member_id);
  } else if (const auto* holder = find_in(instances_, *m.instance_id);
             holder && *holder == member_id) {
    instances_.erase(*m.instance_id);
  }
}

void consumer_state::count(const current_assignment& c, bool in) {
  const auto bytes = owned_bytes * (c.assigned.size() + c.revoking.size());
  memory_bytes_ += in ? bytes : std::size_t{0} - bytes;
  const auto each = [&](const partition_key& p, std::int32_t) {
    if (in) {
      ++owners_[p];
      return;
    }
    const auto at = owners_.find(p);
    if (at != owners_.end() && --at->second == 0) owners_.erase(at);
  };
  c.assigned.for_each(each);
  c.revoking.for_each(each);
}

const consumer_member* consumer_state::find(const text& member_id) const {
  return find_in(members_, member_id);
}
const text* consumer_state::member_of_instance(const text& instance_id) const {
  return find_in(instances_, instance_id);
}
const topic_partitions* consumer_state::target_of(const text& member_id) const {
  return find_in(targets_, member_id);
}
const resolved_regex* consumer_state::resolved(const text& regex) const {
  return find_in(regexes_, regex);
}

std::uint32_t consumer_state::owners(const partition_key& p) const {
  const auto at = owners_.find(p);
  return at == owners_.end() ? 0 : at->second;
}

bool consumer_state::wants(const member_metadata& member, const text& topic) const {
  if (member.topic_names.contains(topic)) return true;
  if (member.topic_regex.empty()) return false;
  const auto* regex = resolved(member.topic_regex);
  return regex && regex->topics.contains(topic);
}

}  // namespace weir::group
