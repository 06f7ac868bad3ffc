#include "core/group/classic_group.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/check.h"
#include "core/group/subscription.h"

namespace weir::group {

namespace {

constexpr std::size_t member_bytes = 512;

std::size_t memory_of(const classic_group::member& m) {
  std::size_t total = member_bytes + m.assignment.size();
  for (const auto& p : m.protocols) total += 64 + p.name.size() + p.metadata.size();
  return total;
}

}  // namespace

std::string_view name_of(classic_state state) {
  switch (state) {
    case classic_state::empty:
      return "Empty";
    case classic_state::preparing_rebalance:
      return "PreparingRebalance";
    case classic_state::completing_rebalance:
      return "CompletingRebalance";
    case classic_state::stable:
      return "Stable";
  }
  return "Unknown";
}

bytes classic_group::member::metadata_for(std::string_view protocol) const {
  for (const auto& p : protocols) {
    if (p.name == protocol) return p.metadata;
  }
  return {};
}

classic_group::protocol_list protocols_of(const kafka::join_group_request& r) {
  classic_group::protocol_list all;
  std::set<std::string_view> names;
  for (const auto& p : r.protocols) {
    if (names.insert(p.name.view()).second) {
      all.push_back({p.name.str(), bytes::copy(p.metadata.view())});
    }
  }
  return all;
}

void classic_group::become(classic_state state, timestamp now) {
  state_before_ = state_;
  state_ = state;
  state_since_ = now;
}

classic_group::member* classic_group::find(std::string_view id) {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

const classic_group::member* classic_group::find(std::string_view id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

const std::string* classic_group::static_id(std::string_view instance_id) const {
  const auto found = static_ids_.find(instance_id);
  return found == static_ids_.end() ? nullptr : &found->second;
}

void classic_group::count(const member& m, bool in) {
  const auto step = [in](std::size_t& n, std::size_t by) { n = in ? n + by : n - by; };
  if (m.join) step(joining_, 1);
  step(memory_bytes_, memory_of(m));
  for (const auto& p : m.protocols) {
    auto& n = offered_[p.name];
    step(n, 1);
    if (n == 0) offered_.erase(p.name);
  }
}

classic_group::member& classic_group::add(member m, std::string_view protocol_type) {
  if (members_.empty()) protocol_type_ = protocol_type;
  if (leader_.empty()) leader_ = m.id;
  if (m.instance_id) static_ids_.insert_or_assign(*m.instance_id, m.id);
  pending_.erase(m.id);
  count(m, true);
  auto id = m.id;
  const auto [at, fresh] = members_.emplace(std::move(id), std::move(m));
  weir_check(fresh, "group {}: member {} is there already", id_, at->first);
  return at->second;
}

void classic_group::remove(std::string_view id) {
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  const auto& m = found->second;
  count(m, false);
  if (m.instance_id) {
    const auto mapped = static_ids_.find(*m.instance_id);
    if (mapped != static_ids_.end() && mapped->second == m.id) static_ids_.erase(mapped);
  }
  const bool led = leader_ == m.id;
  members_.erase(found);
  if (led) leader_ = members_.empty() ? std::string() : members_.begin()->first;
}

classic_group::member& classic_group::replace_static(std::string_view old_id,
                                                     std::string_view new_id) {
  auto node = members_.extract(members_.find(old_id));
  auto& m = node.mapped();
  if (leader_ == m.id) leader_ = new_id;
  static_ids_.insert_or_assign(*m.instance_id, std::string(new_id));
  m.id = new_id;
  node.key() = m.id;
  return members_.insert(std::move(node)).position->second;
}

void classic_group::offer(member& m, protocol_list protocols) {
  count(m, false);
  m.protocols = std::move(protocols);
  count(m, true);
}

void classic_group::assign(member& m, bytes assignment) {
  memory_bytes_ += assignment.size();
  memory_bytes_ -= m.assignment.size();
  m.assignment = std::move(assignment);
}

void classic_group::wait_for_join(member& m, waiting_request waiting) {
  if (!m.join) ++joining_;
  m.join = waiting;
}

std::optional<waiting_request> classic_group::end_join(member& m) {
  if (m.join) --joining_;
  return std::exchange(m.join, std::nullopt);
}

bool classic_group::all_offer(std::string_view protocol) const {
  const auto found = offered_.find(protocol);
  return (found == offered_.end() ? 0 : found->second) == members_.size();
}

std::int32_t classic_group::rebalance_timeout_ms() const {
  std::int32_t longest = 0;
  for (const auto& [id, m] : members_) longest = std::max(longest, m.rebalance_timeout_ms);
  return longest;
}

bool classic_group::elect_joined_leader() {
  const auto* leader = find(leader_);
  if (leader && leader->join) return true;
  for (const auto& [id, m] : members_) {
    if (!m.join) continue;
    leader_ = id;
    return true;
  }
  return false;
}

std::string classic_group::vote() const {
  std::map<std::string_view, std::size_t> votes;
  for (const auto& [id, m] : members_) {
    const auto choice =
        std::ranges::find_if(m.protocols, [&](const protocol& p) { return all_offer(p.name); });
    if (choice != m.protocols.end()) ++votes[choice->name];
  }
  const auto most =
      std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  weir_check(most != votes.end(), "group {}: its members have no protocol in common", id_);
  return std::string(most->first);
}

void classic_group::begin_generation(timestamp now, defects broken) {
  const auto last = std::max(generation_, stored_generation);
  // The last one there is comes from a damaged record at most.
  const bool over = last == std::numeric_limits<std::int32_t>::max();
  if (!broken.keeps_generation) generation_ = over ? 0 : last + 1;
  for (auto& [id, m] : members_) m.has_to_sync = false;
  if (members_.empty()) {
    protocol_name_.reset();
    become(classic_state::empty, now);
  } else {
    protocol_name_ = vote();
    become(classic_state::completing_rebalance, now);
  }
  find_subscription();
}

bool classic_group::has_consumers() const {
  return protocol_type_ == consumer_protocol_type;
}

void classic_group::find_subscription() {
  subscribed_.reset();
  if (!has_consumers() || (!protocol_name_ && !members_.empty())) return;
  std::set<std::string, std::less<>> topics;
  for (const auto& [id, m] : members_) {
    if (!add_subscribed_topics(m.metadata_for(*protocol_name_).view(), topics)) return;
  }
  subscribed_ = std::move(topics);
}

bool classic_group::is_subscribed(std::string_view topic) const {
  // Consumers whose subscription can't be read might want any topic.
  return subscribed_ ? subscribed_->contains(topic) : has_consumers();
}

void classic_group::restore(std::int32_t generation, std::optional<std::string> protocol_type,
                            std::optional<std::string> protocol_name, std::string leader,
                            timestamp since) {
  generation_ = generation;
  protocol_type_ = std::move(protocol_type);
  protocol_name_ = std::move(protocol_name);
  if (members_.contains(leader)) leader_ = std::move(leader);
  state_ = members_.empty() ? classic_state::empty : classic_state::stable;
  state_before_ = state_;
  state_since_ = since;
  find_subscription();
}

}  // namespace weir::group
