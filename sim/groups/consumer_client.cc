#include "sim/groups/consumer_client.h"

#include <utility>

#include "core/group/consumer_member.h"

namespace weir::sim::groups {

using group::topic_partitions;
using kafka::error_code;

namespace {

topic_partitions to_set(const kafka::consumer_group_heartbeat_response::assignment_info& from) {
  topic_partitions out;
  for (const auto& t : from.topic_partitions) out.add(t.topic_id, t.partitions);
  return out;
}

}  // namespace

consumer_client::consumer_client(surroundings& around, ways how, traits is)
    : client(around, std::move(how), std::move(is)) {
  member_id_ = fmt::format("m{}", is_.number);
}

topic_partitions consumer_client::has() const {
  topic_partitions out;
  for (const auto& [p, at] : at_) out.add(p);
  return out;
}

void consumer_client::act() {
  if (leaving_) return go();
  if (epoch_ > 0 && around_.chance.chance(around_.calm ? 0 : around_.rules.pauses))
    return pause(around_.rules.settings.consumer.session_timeout_ms * ms);
  if (is_silent(around_.rules.settings.consumer.session_timeout_ms * ms)) return beat();
  if (given_ && !keeps_ && around_.chance.chance(500'000)) return carry_out();
  if (around_.chance.chance(500'000) && fetch()) return;
  if (epoch_ > 0 && !at_.empty() && around_.chance.chance(around_.rules.commits)) return commit();
  beat();
}

void consumer_client::forget() {
  give_up_all();
  epoch_ = 0;
  given_.reset();
  tells_all_ = true;
  keeps_ = false;
}

void consumer_client::heed(error_code why) {
  around_.note("{} hears {}", str(), to_string(why));
  switch (why) {
    case error_code::unknown_member_id:
    case error_code::fenced_member_epoch:
    case error_code::group_id_not_found:
      break;
    case error_code::fenced_instance_id:
      return vanish();
    default:
      return next();  // its next heartbeat tells
  }
  if (insists()) return commit();
  forget();
  next();
}

kafka::consumer_group_heartbeat_request consumer_client::request() const {
  kafka::consumer_group_heartbeat_request r;
  r.group_id = text::copy(is_.group);
  r.member_id = text::copy(member_id_);
  r.member_epoch = epoch_;
  if (is_.instance) r.instance_id = text::copy(*is_.instance);
  if (epoch_ == 0 || tells_all_) {
    r.rebalance_timeout_ms = around_.rules.rebalance_ms;
    r.subscribed_topic_names.emplace();
    for (const auto& t : is_.topics) r.subscribed_topic_names->push_back(text::copy(t));
    r.subscribed_topic_regex = text::copy(is_.regex);
  }
  r.topic_partitions.emplace();
  const auto owned = has();
  for (const auto& [topic, partitions] : owned.topics()) {
    auto& t = r.topic_partitions->emplace_back();
    t.topic_id = topic;
    t.partitions = {partitions.begin(), partitions.end()};
  }
  return r;
}

void consumer_client::beat() {
  is_heard();
  ask<kafka::consumer_group_heartbeat_response>(
      request(), 1, around_.rules.patience, [this](const auto& a) { on_beat(a); },
      [this] {
        // It asks for everything, and takes nothing on the word of an older answer.
        tells_all_ = true;
        given_.reset();
        next();
      });
}

void consumer_client::on_beat(const kafka::consumer_group_heartbeat_response& a) {
  if (is_passing(a.error)) {
    tells_all_ = true;
    given_.reset();
    return next();
  }
  if (a.error != error_code::none) return heed(a.error);
  tells_all_ = false;
  if (epoch_ != a.member_epoch) around_.note("{} is in epoch {}", str(), a.member_epoch);
  epoch_ = a.member_epoch;
  around_.truth.moves_to(is_.number, epoch_);
  if (a.assignment) {
    given_ = to_set(*a.assignment);
    around_.note("{} is given {} partitions in epoch {}", str(), given_->size(), epoch_);
    if (!around_.calm && !given_->contains_all(has()))
      keeps_ = around_.chance.chance(around_.rules.keepers);
  }
  next();
}

void consumer_client::carry_out() {
  std::vector<partition_key> gone;
  std::vector<partition_key> fresh;
  for (const auto& [p, at] : at_) {
    if (!given_->contains(p)) gone.push_back(p);
  }
  given_->for_each([&](const partition_key& p) {
    if (!at_.contains(p)) fresh.push_back(p);
  });
  given_.reset();
  for (const auto& p : gone) give_up(p);
  take(fresh);
  next();
}

void consumer_client::go() {
  if (epoch_ == 0) return vanish();
  give_up_all();
  given_.reset();
  auto r = request();
  const bool returns = is_.instance && !around_.calm && around_.chance.chance(500'000);
  r.member_epoch = returns ? group::static_leaving_epoch : group::leaving_epoch;
  ask<kafka::consumer_group_heartbeat_response>(
      r, 1, around_.rules.patience,
      [this, returns](const auto& a) {
        if (is_passing(a.error)) return next();
        returns ? come_back() : vanish();
      },
      [this] { next(); });
}

// The instance starts again, as another member.
void consumer_client::come_back() {
  leaving_ = false;
  member_id_ = fmt::format("m{}.{}", is_.number, ++lives_);
  around_.note("{} comes back", str());
  forget();
  next();
}

}  // namespace weir::sim::groups
