#include "sim/groups/classic_client.h"

#include <utility>

#include "core/codec/writer.h"
#include "core/group/subscription.h"

namespace weir::sim::groups {

using kafka::error_code;

namespace {

bytes subscription_to(const std::set<std::string>& topics) {
  kafka::writer w(128);
  w.int16(0);
  w.array(topics.size(), false);
  for (const auto& t : topics) w.string(text::copy(t), false);
  w.int32(-1);
  return bytes::copy(w.take().str());
}

}  // namespace

void classic_client::act() {
  if (leaving_) return go();
  if (!joined_) return join();
  if (!has_part_) return sync();
  if (around_.chance.chance(around_.calm ? 0 : around_.rules.pauses))
    return pause(around_.rules.session_ms * ms);
  // Topics are for the leader to watch. What changed while it was away one that comes back can't
  // tell: somebody will have to make it share out again.
  const bool missed = around_.calm && !assigns_;
  if (leads_ && (missed || seen_ != how_.known->now())) return join();
  if (is_silent(around_.rules.session_ms * ms)) return beat();
  if (around_.chance.chance(500'000) && fetch()) return;
  if (around_.chance.chance(around_.rules.commits)) return commit();
  beat();
}

void classic_client::rejoin() {
  give_up_all();
  joined_ = false;
  has_part_ = false;
  leads_ = false;
}

void classic_client::heed(error_code why) {
  around_.note("{} hears {}", str(), to_string(why));
  if (why == error_code::fenced_instance_id) return vanish();
  const bool insists = around_.chance.chance(around_.rules.stubborn) && !around_.calm;
  if (insists && has_part_ && !at_.empty() && why != error_code::rebalance_in_progress) {
    has_part_ = false;  // once
    return commit();
  }
  rejoin();
  if (why == error_code::unknown_member_id) member_id_.clear();
  next();
}

void classic_client::join() {
  give_up_all();
  kafka::join_group_request r;
  r.group_id = text::copy(is_.group);
  r.member_id = text::copy(member_id_);
  if (is_.instance) r.group_instance_id = text::copy(*is_.instance);
  r.protocol_type = "consumer";
  r.session_timeout_ms = around_.rules.session_ms;
  r.rebalance_timeout_ms = around_.rules.rebalance_ms;
  r.protocols.push_back({text("range"), subscription_to(is_.topics)});
  // Before version 9 a static leader that comes back does not know that it leads.
  const bool needs_9 = is_.instance && around_.rules.topics_every != 0;
  version_ = static_cast<std::int16_t>(needs_9 ? 9 : 5 + is_.number % 5);
  const auto patience = (2 * around_.rules.rebalance_ms + around_.rules.session_ms) * ms;
  ask<kafka::join_group_response>(
      r, version_, patience, [this](const auto& a) { on_join(a); }, [this] { next(); });
}

void classic_client::on_join(const kafka::join_group_response& a) {
  if (is_passing(a.error)) return next();
  switch (a.error) {
    case error_code::none:
      break;
    case error_code::member_id_required:
      member_id_ = a.member_id.str();
      return next();
    case error_code::group_max_size_reached:
    case error_code::inconsistent_group_protocol:
    case error_code::unknown_server_error:
      member_id_.clear();
      return next();
    default:
      return heed(a.error);
  }
  member_id_ = a.member_id.str();
  epoch_ = a.generation_id;
  joined_ = true;
  has_part_ = false;
  protocol_ = a.protocol_name ? a.protocol_name->str() : "";
  leads_ = a.leader == a.member_id;
  assigns_ = leads_ && !a.skip_assignment;
  seen_ = how_.known->now();
  members_.clear();
  for (const auto& m : a.members) {
    std::set<std::string, std::less<>> topics;
    (void)group::add_subscribed_topics(m.metadata.view(), topics);
    members_.push_back({m.member_id.str(), {topics.begin(), topics.end()}});
  }
  around_.note("{} is in generation {}{}", str(), epoch_, leads_ ? ", and leads" : "");
  next();
}

std::map<std::string, group::named_partitions> classic_client::shares() const {
  std::map<std::string, group::named_partitions> out;
  std::size_t turn = 0;
  for (const auto& [name, topic] : how_.known->known) {
    std::vector<std::string> want;
    for (const auto& m : members_) {
      if (m.topics.contains(name)) want.push_back(m.id);
    }
    for (std::int32_t p = 0; p < topic.partitions && !want.empty(); ++p)
      out[want[turn++ % want.size()]][text::copy(name)].push_back(p);
  }
  return out;
}

void classic_client::sync() {
  kafka::sync_group_request r;
  r.group_id = text::copy(is_.group);
  r.member_id = text::copy(member_id_);
  r.generation_id = epoch_;
  if (is_.instance) r.group_instance_id = text::copy(*is_.instance);
  r.protocol_type = "consumer";
  r.protocol_name = text::copy(protocol_);
  // Who leads has asked all; others have nothing to say, and a broken rule takes that.
  if (assigns_) {
    const auto all = shares();
    for (const auto& m : members_) {
      const auto share = all.find(m.id);
      const auto part = share == all.end() ? group::named_partitions() : share->second;
      r.assignments.push_back({text::copy(m.id), group::assignment_bytes(part, 0)});
    }
  }
  ask<kafka::sync_group_response>(
      r, 5, (around_.rules.rebalance_ms + around_.rules.session_ms) * ms,
      [this](const auto& a) { on_sync(a); }, [this] { next(); });
}

void classic_client::on_sync(const kafka::sync_group_response& a) {
  if (is_passing(a.error)) return next();
  if (a.error == error_code::unknown_server_error) {
    rejoin();
    return next();
  }
  if (a.error != error_code::none) return heed(a.error);
  has_part_ = true;
  const auto mine = group::assignment_from(a.assignment);
  require(mine.has_value(), "{} got no assignment", str());
  std::vector<partition_key> partitions;
  for (const auto& [name, list] : mine->partitions) {
    const auto topic = how_.known->find(name.view());
    if (!topic) continue;
    for (const auto p : list) partitions.push_back({topic->id, p});
  }
  around_.note("{} got {} partitions in generation {}", str(), partitions.size(), epoch_);
  take(partitions);
  next();
}

void classic_client::beat() {
  is_heard();
  kafka::heartbeat_request r;
  r.group_id = text::copy(is_.group);
  r.member_id = text::copy(member_id_);
  r.generation_id = epoch_;
  if (is_.instance) r.group_instance_id = text::copy(*is_.instance);
  ask<kafka::heartbeat_response>(
      r, 4, around_.rules.patience,
      [this](const auto& a) {
        if (a.error == error_code::none || is_passing(a.error)) return next();
        heed(a.error);
      },
      [this] { next(); });
}

void classic_client::go() {
  if (member_id_.empty()) return vanish();
  give_up_all();
  kafka::leave_group_request r;
  r.group_id = text::copy(is_.group);
  auto& m = r.members.emplace_back();
  m.member_id = text::copy(member_id_);
  if (is_.instance) m.group_instance_id = text::copy(*is_.instance);
  ask<kafka::leave_group_response>(
      r, 5, around_.rules.patience,
      [this](const auto& a) { is_passing(a.error) ? next() : vanish(); }, [this] { next(); });
}

}  // namespace weir::sim::groups
