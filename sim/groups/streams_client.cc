#include "sim/groups/streams_client.h"

#include <utility>

#include "core/group/consumer_member.h"

namespace weir::sim::groups {

using group::task;
using group::task_role;
using group::task_set;
using kafka::error_code;

streams_client::streams_client(surroundings& around, ways how, traits is, const application& runs,
                               std::string process)
    : client(around, std::move(how), std::move(is)), runs_(runs), process_(std::move(process)) {
  member_id_ = fmt::format("m{}", is_.number);
}

void streams_client::act() {
  if (leaving_) return go();
  const auto session = around_.rules.settings.streams.session_timeout_ms * ms;
  if (epoch_ > 0 && around_.chance.chance(around_.calm ? 0 : around_.rules.pauses))
    return pause(session);
  see_topics();
  if (is_silent(session)) return beat();
  if (given_ && !keeps_ && around_.chance.chance(500'000)) return carry_out();
  if (around_.chance.chance(500'000) && fetch()) return;
  if (epoch_ > 0 && !at_.empty() && around_.chance.chance(around_.rules.commits)) return commit();
  beat();
}

void streams_client::say_all() {
  says_all_ = true;
  given_.reset();
}

void streams_client::forget() {
  give_up_all();
  tasks_ = {};
  epoch_ = 0;
  keeps_ = false;
  trouble_.clear();
  say_all();
}

void streams_client::heed(error_code why) {
  around_.note("{} hears {}", str(), to_string(why));
  switch (why) {
    case error_code::unknown_member_id:
    case error_code::fenced_member_epoch:
    case error_code::group_id_not_found:
      break;
    default:
      return next();  // its next heartbeat tells
  }
  if (insists()) return commit();
  forget();
  next();
}

kafka::streams_group_heartbeat_request streams_client::request() const {
  kafka::streams_group_heartbeat_request r;
  r.group_id = text::copy(is_.group);
  r.member_id = text::copy(member_id_);
  r.member_epoch = epoch_;
  r.endpoint_information_epoch = endpoints_;
  if (epoch_ == 0) r.topology = runs_.topology();
  if (epoch_ == 0 || says_all_) {
    r.rebalance_timeout_ms = around_.rules.rebalance_ms;
    r.process_id = text::copy(process_);
    r.client_tags.emplace();
    if (is_.number % 3 == 0) {
      kafka::streams_group_heartbeat_request::endpoint at;
      at.host = text::copy(process_);
      at.port = 7;
      r.user_endpoint = std::move(at);
    }
  }
  if (epoch_ == 0 || says_all_ || says_tasks_) {
    group::put_tasks(tasks_, r);
  }
  return r;
}

void streams_client::beat() {
  is_heard();
  ask<kafka::streams_group_heartbeat_response>(
      request(), 0, around_.rules.patience, [this](const auto& a) { on_beat(a); },
      [this] {
        say_all();
        next();
      });
}

void streams_client::on_beat(const kafka::streams_group_heartbeat_response& a) {
  if (is_passing(a.error)) {
    say_all();
    return next();
  }
  if (a.error != error_code::none) {
    say_all();
    return heed(a.error);
  }
  require(a.member_epoch >= epoch_, "{} is told epoch {} after {}", str(), a.member_epoch, epoch_);
  if (epoch_ != a.member_epoch) around_.note("{} is in epoch {}", str(), a.member_epoch);
  says_all_ = false;
  says_tasks_ = false;
  epoch_ = a.member_epoch;
  endpoints_ = a.endpoint_information_epoch;
  trouble_.clear();
  if (a.status) {
    for (const auto& s : *a.status)
      trouble_.emplace(static_cast<group::streams_status>(s.status_code), s.status_detail.str());
  }
  take_in(a);
  next();
}

void streams_client::take_in(const kafka::streams_group_heartbeat_response& a) {
  if (!a.active_tasks) return;
  given_.emplace();
  group::add_tasks(*a.active_tasks, task_role::active, *given_);
  group::add_tasks(*a.standby_tasks, task_role::standby, *given_);
  require(a.warmup_tasks && a.warmup_tasks->empty(), "{} is to warm up tasks", str());
  given_->for_each([&](const task& t) {
    const auto* part = runs_.find(t.of.subtopology.str());
    require(part, "{} is given a task of {}", str(), t.of.subtopology);
    if (t.of.role == task_role::active) return;
    require(!part->changelog.empty(), "{} is to keep ready {}, which has no state", str(),
            groups::place_of(t).str());
    require(!given_->contains(task{{task_role::active, t.of.subtopology}, t.partition}),
            "{} is to keep ready {}, and runs it", str(), groups::place_of(t).str());
  });
  around_.note("{} is given {} tasks in epoch {}", str(), given_->size(), epoch_);
  bool gives_up = false;
  tasks_.for_each([&](const task& t) { gives_up = gives_up || !given_->contains(t); });
  if (gives_up && !around_.calm) keeps_ = around_.chance.chance(around_.rules.keepers);
}

void streams_client::give_up(const task& t) {
  tasks_.remove(t);
  around_.truth.tasks().gives_up(is_.number, t);
}

void streams_client::carry_out() {
  const auto given = *std::exchange(given_, {});
  const auto before = tasks_;
  before.for_each([&](const task& t) {
    if (!given.contains(t)) give_up(t);
  });
  given.for_each([&](const task& t) {
    if (tasks_.contains(t)) return;
    around_.truth.tasks().takes(is_.number, {is_.group, member_id_, process_}, t);
    tasks_.add(t);
  });
  says_tasks_ = true;
  see_topics();
  next();
}

void streams_client::see_topics() {
  std::set<std::pair<uuid, std::int32_t>> reads;
  tasks_.for_each([&](const task& t) {
    if (t.of.role != task_role::active) return;
    for (const auto& name : runs_.find(t.of.subtopology.str())->read_topics()) {
      const auto topic = how_.known->find(name);
      if (topic && t.partition < topic->partitions) reads.emplace(topic->id, t.partition);
    }
  });
  std::vector<partition_key> gone;
  for (const auto& [p, at] : at_) {
    if (!reads.contains({p.topic_id, p.partition})) gone.push_back(p);
  }
  for (const auto& p : gone) client::give_up(p);
  for (const auto& [id, partition] : reads) at_.try_emplace({id, partition}, -1);
}

void streams_client::go() {
  if (epoch_ == 0) return vanish();
  give_up_all();
  tasks_ = {};
  given_.reset();
  auto r = request();
  r.topology.reset();
  r.member_epoch = group::leaving_epoch;
  ask<kafka::streams_group_heartbeat_response>(
      r, 0, around_.rules.patience,
      [this](const auto& a) { is_passing(a.error) ? next() : vanish(); }, [this] { next(); });
}

}  // namespace weir::sim::groups
