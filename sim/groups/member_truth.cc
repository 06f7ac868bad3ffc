#include "sim/groups/member_truth.h"

#include <algorithm>

#include "core/group/subscription.h"
#include "sim/groups/target_epoch.h"

namespace weir::sim::groups {

bool consumer_truth::reads(const std::string& topic) const {
  return std::ranges::any_of(members, [&](const auto& m) {
    if (m.second.topic_names.contains(text(topic))) return true;
    const auto regex = regexes.find(m.second.topic_regex.str());
    return regex != regexes.end() && regex->second.contains(text(topic));
  });
}

void member_truth::put(const std::string& group, const logged::group_metadata_value* value) {
  if (!value) {
    classic_.erase(group);
    return;
  }
  auto& g = classic_[group];
  require(value->generation >= g.generation, "{} goes back from generation {} to {}", group,
          g.generation, value->generation);
  g.generation = value->generation;
  g.known = value->generation - (left_.erase(group) > 0 ? 1 : 0);
  g.members.clear();
  g.topics.clear();
  std::set<std::string, std::less<>> topics;
  for (const auto& m : value->members) {
    require(g.members.insert(m.member_id.str()).second, "{} has {} twice", group, m.member_id);
    (void)group::add_subscribed_topics(m.subscription.view(), topics);
  }
  g.topics = {topics.begin(), topics.end()};
}

void member_truth::put(const std::string& group, const group::consumer_record& record) {
  const auto* whole = std::get_if<group::group_record>(&record);
  if (whole && !whole->value) {
    if (consumers_.erase(group) > 0) left_.insert(group);
    std::erase_if(instances_, [&](const auto& i) { return i.first.first == group; });
    return;
  }
  const bool ends = std::visit([](const auto& r) { return !r.value; }, record);
  if (ends && !consumers_.contains(group)) return;
  touched_.insert(group);
  std::visit([&](const auto& r) { put(group, consumers_[group], r); }, record);
}

void member_truth::put(const std::string& group, consumer_truth& g, const group::group_record& r) {
  require(r.value->epoch >= g.epoch, "{} goes back from epoch {} to {}", group, g.epoch,
          r.value->epoch);
  g.epoch = r.value->epoch;
}

void member_truth::put(const std::string&, consumer_truth& g, const group::member_record& r) {
  const auto id = r.member_id.str();
  if (r.value) {
    g.members.insert_or_assign(id, *r.value);
  } else {
    g.members.erase(id);
    g.has.erase(id);
  }
}

void member_truth::put(const std::string& group, consumer_truth& g,
                       const group::target_epoch_record& r) {
  put_target(group, g, r);
}

void member_truth::put(const std::string&, consumer_truth&, const group::target_record&) {}

void member_truth::put(const std::string& group, consumer_truth& g,
                       const group::current_record& r) {
  const auto id = r.member_id.str();
  if (!r.value) {
    g.has.erase(id);
    return;
  }
  const auto before = g.has.find(id);
  const bool again = r.value->epoch <= group::joining_epoch;
  require(before == g.has.end() || again || r.value->epoch >= before->second.epoch,
          "{} of {} goes back from epoch {} to {}", id, group,
          before == g.has.end() ? 0 : before->second.epoch, r.value->epoch);
  g.has.insert_or_assign(id, *r.value);
}

void member_truth::put(const std::string&, consumer_truth& g, const group::regex_record& r) {
  if (r.value) {
    g.regexes.insert_or_assign(r.regex.str(), r.value->topics);
  } else {
    g.regexes.erase(r.regex.str());
  }
}

void member_truth::settle() {
  for (const auto& group : std::exchange(touched_, {})) {
    const auto found = consumers_.find(group);
    if (found == consumers_.end()) continue;
    check_owners(group, found->second);
    see_instances(group, found->second);
  }
}

void member_truth::check_owners(const std::string& group, const consumer_truth& g) const {
  std::map<std::pair<uuid, std::int32_t>, std::string> owners;
  for (const auto& [id, current] : g.has) {
    const auto own = [&](const partition_key& p, std::int32_t) {
      const auto [at, alone] = owners.emplace(std::pair(p.topic_id, p.partition), id);
      require(alone, "{} and {} of {} both have partition {}", at->second, id, group, p.partition);
    };
    current.assigned.for_each(own);
    current.revoking.for_each(own);
  }
}

// An instance takes over from itself: one that said it would be back, or that spoke the other
// protocol.
void member_truth::see_instances(const std::string& group, const consumer_truth& g) {
  std::map<std::pair<std::string, std::string>, instance_holder> now;
  for (const auto& [id, m] : g.members) {
    if (!m.instance_id) continue;
    const auto current = g.has.find(id);
    const bool away =
        current != g.has.end() && current->second.epoch == group::static_leaving_epoch;
    const bool classic = m.classic.has_value();
    now[{group, m.instance_id->str()}] = {id, classic, away || classic};
  }
  for (const auto& [instance, holder] : now) {
    const auto before = instances_.find(instance);
    if (before == instances_.end() || before->second.member == holder.member) continue;
    require(before->second.may_be_replaced || holder.classic,
            "{} of {} takes the place of {}, which is there", holder.member, group,
            before->second.member);
  }
  std::erase_if(instances_, [&](const auto& i) { return i.first.first == group; });
  instances_.merge(now);
}

void member_truth::check(const claim& by, const partition_key& of) const {
  if (const auto* g = consumer(by.group)) {
    if (by.member.empty() && by.epoch < 0) {
      require(by.transactional || g->members.empty(), "who is no member of {} commits there",
              by.group);
      return;
    }
    const auto found = g->has.find(by.member);
    require(found != g->has.end() && g->members.contains(by.member),
            "{} commits to {}, and is not in it", by.member, by.group);
    const auto& c = found->second;
    if (by.epoch == c.epoch) return;
    const auto since = std::max(c.assigned.epoch_of(of), c.revoking.epoch_of(of));
    require(by.epoch < c.epoch && since >= 0 && since <= by.epoch,
            "{} commits to {} in epoch {}, and has partition {} since {} in epoch {}", by.member,
            by.group, by.epoch, of.partition, since, c.epoch);
    return;
  }
  const auto* g = classic(by.group);
  if (by.epoch < 0) {
    require(by.transactional || !g || g->members.empty(), "who is no member of {} commits there",
            by.group);
    return;
  }
  require(g, "{} commits to {}, which is no group", by.member, by.group);
  require(by.epoch >= g->known, "{} commits to {} in generation {}, which is in {}", by.member,
          by.group, by.epoch, g->generation);
  require(by.epoch != g->generation || g->members.contains(by.member),
          "{} commits to {}, and is not in it", by.member, by.group);
}

bool member_truth::refuses(const claim& by, const partition_key& of) const {
  try {
    check(by, of);
    return false;
  } catch (const violation&) {
    return true;
  }
}

bool member_truth::refuses(const kafka::consumer_group_heartbeat_request& r) const {
  const auto* g = consumer(r.group_id.str());
  if (r.member_epoch <= group::joining_epoch) return false;
  if (!g) return true;
  const auto found = g->has.find(r.member_id.str());
  if (found == g->has.end() || found->second.epoch < r.member_epoch) return true;
  const auto& c = found->second;
  if (c.epoch == r.member_epoch) return false;
  if (r.member_epoch != c.previous_epoch) return true;
  group::topic_partitions owned;
  for (const auto& t : *r.topic_partitions) owned.add(t.topic_id, t.partitions);
  return !c.assigned.contains_all(owned);
}

bool member_truth::is_read(const std::string& group, const std::string& topic) const {
  if (const auto* g = consumer(group)) return g->reads(topic);
  const auto* g = classic(group);
  return g && g->topics.contains(topic);
}

bool member_truth::has(const std::string& group, const std::string& member,
                       const partition_key& p) const {
  const auto* g = consumer(group);
  if (!g) return false;
  const auto current = g->has.find(member);
  return current != g->has.end() && current->second.assigned.contains(p);
}

const consumer_truth* member_truth::consumer(const std::string& group) const {
  const auto found = consumers_.find(group);
  return found == consumers_.end() ? nullptr : &found->second;
}

const classic_truth* member_truth::classic(const std::string& group) const {
  const auto found = classic_.find(group);
  return found == classic_.end() ? nullptr : &found->second;
}

}  // namespace weir::sim::groups
