// What a world does for its streams groups: their clients, the topics that they need, and what they
// must come to.
#include <algorithm>
#include <utility>

#include "sim/groups/streams_client.h"
#include "sim/groups/world.h"

namespace weir::sim::groups {

using group::streams_status;
using group::task_role;

void world::draw_streams(group_of_clients& g) {
  g.streams = true;
  g.turns = chance_.chance(rules_.turns);
  g.mixed = false;
  g.classic = true;  // in its turn
  g.app = application::draw(chance_, g.id, g.topics, rules_.partitions);
}

void world::make_streams_client(const group_of_clients& g, client::traits is) {
  auto process = fmt::format("{}-p{}", g.id, chance_.between(1, rules_.clients));
  around_.note("client {} begins, streams, in {}", is.number, process);
  clients_.push_back(
      std::make_unique<streams_client>(around_, ways(), std::move(is), g.app, std::move(process)));
  clients_.back()->start();
}

void world::make_topic(const std::string& name, std::int32_t partitions) {
  topics_.known[name] = {{7, ++made_topics_}, partitions};
  around_.note("topic {} comes, with {} partitions", name, partitions);
  tell_topics({});
}

void world::delete_topic(const std::string& name) {
  const auto at = topics_.known.find(name);
  const group::deleted_topic gone{name, at->second.id};
  topics_.known.erase(at);
  around_.note("topic {} goes", name);
  tell_topics(gone);
}

void world::make_internal(const group::internal_topics_wanted& wanted,
                          const std::function<void(const coordinator_host::failures&)>& then) {
  events_.after(chance_.between(1, rules_.making_max), [this, wanted, then] {
    coordinator_host::failures failures;
    for (const auto& t : wanted.topics) {
      if (topics_.known.contains(t.name.view())) continue;
      if (withholds_ || (!around_.calm && chance_.chance(rules_.refused))) {
        failures.emplace(t.name, "not now");
      } else {
        make_topic(t.name.str(), t.partitions);
      }
    }
    then(failures);
  });
}

void world::lose_internal() {
  std::vector<std::string> all;
  for (const auto& g : groups_) {
    for (const auto& name : g.app.internal()) {
      if (topics_.known.contains(name)) all.push_back(name);
    }
  }
  if (!all.empty()) delete_topic(chance_.pick(all));
}

void world::make_sources() {
  for (const auto& g : groups_) {
    for (const auto& name : g.app.sources()) {
      if (topics_.known.contains(name)) continue;
      make_topic(name, static_cast<std::int32_t>(chance_.between(1, rules_.partitions)));
    }
  }
}

void world::repair_internal() {
  for (const auto& g : groups_) {
    if (!g.streams) continue;
    for (const auto& name : g.app.with(topics_).unfit) delete_topic(name);
  }
}

namespace {

// Of one group, by what its clients have.
struct running {
  std::map<task_place, std::set<std::string>> workers;
  std::map<task_place, std::set<std::string>> standbys;
  std::set<std::string> processes;
};

running running_of(const std::vector<const streams_client*>& here) {
  running out;
  for (const auto* c : here) {
    out.processes.insert(c->process());
    c->tasks().for_each([&](const group::task& t) {
      auto& in = t.of.role == task_role::active ? out.workers : out.standbys;
      in[place_of(t)].insert(c->member_id());
    });
  }
  return out;
}

// What is wrong with a group whose topics are not there: it has tasks, or does not say why not.
std::string unfinished_stopped(const application::outcome& should,
                               const std::vector<const streams_client*>& here) {
  const bool sources = !should.missing_sources.empty();
  const auto& missing = sources ? should.missing_sources : should.missing;
  for (const auto* c : here) {
    if (!c->tasks().empty()) return fmt::format("{} has tasks, and topics are missing", c->str());
    const auto why = c->trouble().find(sources ? streams_status::missing_source_topics
                                               : streams_status::missing_internal_topics);
    if (why == c->trouble().end() || c->trouble().size() != 1)
      return fmt::format("{} does not hear that topics are missing", c->str());
    // Three are named at most.
    if (missing.size() > 3) continue;
    for (const auto& name : missing) {
      if (!why->second.contains(name))
        return fmt::format("{} does not hear that {} is missing", c->str(), name);
    }
  }
  return {};
}

std::string unfinished_running(const application& app, const application::outcome& should,
                               std::int32_t replicas,
                               const std::vector<const streams_client*>& here) {
  const auto is = running_of(here);
  for (const auto* c : here) {
    if (!c->trouble().empty())
      return fmt::format("{} hears of trouble: {}", c->str(), c->trouble().begin()->second);
  }
  std::size_t wanted = 0;
  for (const auto& p : app.parts()) {
    const auto others = static_cast<std::int32_t>(is.processes.size()) - 1;
    const auto copies = p.changelog.empty() ? 0 : std::min(replicas, others);
    for (std::int32_t n = 0; n < should.tasks.at(p.id); ++n, ++wanted) {
      const task_place at{p.id, n};
      if (!is.workers.contains(at) || is.workers.at(at).size() != 1)
        return fmt::format("task {} has not one worker", at.str());
      const auto ready = is.standbys.contains(at) ? is.standbys.at(at).size() : 0;
      if (std::cmp_not_equal(ready, copies))
        return fmt::format("task {} has {} standbys, and {} wanted", at.str(), ready, copies);
    }
  }
  if (wanted != is.workers.size())
    return fmt::format("{} tasks are run, and {} wanted", is.workers.size(), wanted);
  return {};
}

}  // namespace

std::string world::unfinished_streams(const group_of_clients& g,
                                      const std::vector<const streams_client*>& here) {
  const auto* is = truth_.tasks().find(g.id);
  if (!is) return g.id + " is not there";
  std::set<std::string> known, wanted;
  for (const auto& [id, m] : is->members) known.insert(id);
  for (const auto* c : here) wanted.insert(c->member_id());
  if (known != wanted) return fmt::format("{} knows {} of {}", g.id, known.size(), wanted.size());
  for (const auto& [id, current] : is->has) {
    const bool done = current.state == group::member_state::stable && current.epoch == is->epoch &&
                      is->target == is->epoch;
    if (!done)
      return fmt::format("{} of {} is in epoch {} of {}", id, g.id, current.epoch, is->epoch);
  }
  const auto should = g.app.with(topics_);
  if (!should.unfit.empty()) return fmt::format("topics of {} don't fit", g.id);
  const bool are_made = withholds_ || should.missing.empty();
  if (!are_made) return fmt::format("{} of {} is not made", *should.missing.begin(), g.id);
  const auto what =
      should.runs()
          ? unfinished_running(g.app, should, rules_.settings.streams.standby_replicas, here)
          : unfinished_stopped(should, here);
  return what.empty() ? what : fmt::format("of {} {}", g.id, what);
}

}  // namespace weir::sim::groups
