#include "bench/load/group_load.h"

#include <signal.h>

#include <algorithm>
#include <format>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <thread>

#include "bench/load/crowd.h"
#include "bench/load/histogram.h"
#include "bench/load/member.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

constexpr std::size_t asked_at_once = 256;
constexpr std::size_t committing_connections = 16;
constexpr auto pause = std::chrono::milliseconds(2);
constexpr std::int64_t offset = 4711;

// Groups with offsets, all at one broker.
class settled_groups {
 public:
  settled_groups(const settings& s, const std::string& coordinator)
      : settings_(s),
        coordinator_(coordinator),
        any_(addresses(s.brokers).front()),
        name_(fresh_name()) {
    for (std::size_t i = 0; i < committing_connections; ++i) committing_.add(coordinator);
  }

  // A cluster that has just started moves leaders: groups that another broker coordinates by the
  // end are left behind, and others made in their place.
  std::vector<std::string> make() {
    const auto wanted = static_cast<std::size_t>(settings_.groups);
    std::vector<std::string> made;
    for (const auto deadline = clock::now() + patience; clock::now() < deadline;) {
      auto more = fresh_ones();
      if (more.empty()) std::this_thread::sleep_for(pause);
      more.resize(std::min(more.size(), wanted - made.size()));
      for (auto& group : committed_of(std::move(more))) made.push_back(std::move(group));
      if (made.size() < wanted) continue;
      made = coordinated(made);
      if (made.size() == wanted) return made;
    }
    throw std::runtime_error(std::format("{} has only {} of {} groups after a minute", coordinator_,
                                         made.size(), wanted));
  }

 private:
  std::vector<std::string> coordinated(const std::vector<std::string>& of) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < of.size(); at += asked_at_once) {
      const auto some = std::span(of).subspan(at, std::min(asked_at_once, of.size() - at));
      const auto where = coordinators(any_, some);
      for (std::size_t i = 0; i < some.size(); ++i)
        if (where[i] == coordinator_) out.push_back(some[i]);
    }
    return out;
  }

  std::vector<std::string> fresh_ones() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < asked_at_once; ++i)
      names.push_back(std::format("{}-{}", name_, ++named_));
    return coordinated(names);
  }

  // Those of the groups whose offsets the broker took.
  std::vector<std::string> committed_of(std::vector<std::string> groups) {
    std::vector<std::string> out;
    std::vector<std::size_t> under_way(committing_.size());
    std::size_t asked = 0;
    std::size_t answered = 0;
    const auto ask = [&](std::size_t connection) {
      if (asked == groups.size()) return;
      under_way[connection] = asked;
      committing_[connection].send(
          commit(groups[asked++], settings_.topic, settings_.partitions, offset));
    };
    for (std::size_t i = 0; i < committing_.size(); ++i) ask(i);
    while (answered < groups.size()) {
      const bool came = committing_.await([&](std::size_t i) {
        const auto code = result_of(committing_[i].next<kafka::offset_commit_request>());
        ++answered;
        if (code == kafka::error_code::none)
          out.push_back(groups[under_way[i]]);
        else if (!is_not_yet(code))
          refused(code, "offsets were not committed");
        ask(i);
      });
      if (!came) throw std::runtime_error("no commit was answered for a minute");
    }
    return out;
  }

  const settings& settings_;
  const std::string coordinator_;
  connection any_;
  const std::string name_;
  std::uint64_t named_ = 0;
  crowd committing_;
};

// Asks the survivors for groups until they know their offsets.
class survivors {
 public:
  survivors(const settings& s, std::vector<std::string> groups)
      : settings_(s), left_(std::move(groups)) {
    const auto all = addresses(s.brokers);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (std::cmp_not_equal(i, s.kill_node)) brokers_.emplace(all[i], all[i]);
  }

  // As a client does: first who coordinates a group, then there.
  void ask(clock::time_point since) {
    std::vector<std::string> still;
    for (std::size_t at = 0; at < left_.size(); at += asked_at_once) {
      const auto some = std::span(left_).subspan(at, std::min(asked_at_once, left_.size() - at));
      std::map<std::string, std::vector<std::string>> by_coordinator;
      const auto where = coordinators(brokers_.begin()->second, some);
      for (std::size_t i = 0; i < some.size(); ++i) by_coordinator[where[i]].push_back(some[i]);
      for (const auto& [broker, groups] : by_coordinator) {
        const auto alive = brokers_.find(broker);
        for (const auto& group :
             alive == brokers_.end() ? groups : unknown(alive->second, groups, since))
          still.push_back(group);
      }
    }
    left_ = std::move(still);
  }

  std::size_t left() const { return left_.size(); }
  const histogram& times() const { return times_; }
  double first_ms() const { return first_ms_; }
  // Groups of which it was told, without an error, that they have no offset. A client begins at the
  // start or the end then.
  std::size_t misled() const { return misled_.size(); }

 private:
  std::vector<std::string> unknown(connection& broker, const std::vector<std::string>& groups,
                                   clock::time_point since) {
    std::vector<std::string> out;
    for (const auto& of :
         broker.ask(committed(groups, settings_.topic, settings_.partitions)).groups) {
      const auto known = of_offset(of, offset);
      if (known == told::no_offset) misled_.insert(of.group_id.str());
      if (known != told::offset) {
        out.push_back(of.group_id.str());
        continue;
      }
      if (times_.count() == 0) first_ms_ = seconds_between(since, clock::now()) * 1e3;
      times_.add_since(since);
    }
    return out;
  }

  const settings& settings_;
  std::vector<std::string> left_;
  std::map<std::string, connection> brokers_;
  std::set<std::string> misled_;
  histogram times_;
  double first_ms_ = 0;
};

}  // namespace

nlohmann::json load_groups(const settings& s) {
  const auto victim = addresses(s.brokers).at(static_cast<std::size_t>(s.kill_node));
  survivors others(s, settled_groups(s, victim).make());
  histogram sweeps;
  const auto used = usage_now(s.broker_pids);
  if (kill(s.kill_pid, SIGKILL) != 0) throw std::runtime_error("no such process to kill");
  const auto from = clock::now();
  while (others.left() > 0 && clock::now() < from + duration_of(s.seconds)) {
    const auto begun = clock::now();
    others.ask(from);
    sweeps.add_since(begun);
    // No more than half of the time is spent on asking, which takes from the brokers.
    std::this_thread::sleep_for(std::max<clock::duration>(pause, clock::now() - begun));
  }
  auto result = difference(used, usage_now(s.broker_pids));
  result.update(in_milliseconds(others.times()));
  result["first"] = others.first_ms();
  result["groups"] = s.groups;
  result["silent"] = others.left();
  result["misled"] = others.misled();
  result["sweep_ms"] = in_milliseconds(sweeps);
  return result;
}

}  // namespace weir::load
