#include "bench/load/groups.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <format>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <thread>

#include "bench/load/histogram.h"
#include "bench/load/member.h"
#include "bench/load/usage.h"

namespace weir::load {
namespace {

constexpr int patience_ms = 60'000;
constexpr auto sweep_pause = std::chrono::milliseconds(2);
constexpr std::size_t asked_at_once = 256;

std::uint64_t since(clock::time_point from) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(clock::now() - from).count());
}

// Group names that no run before has used.
std::string fresh_name() {
  std::random_device random;
  return std::format("load-{:08x}{:08x}", random(), random());
}

nlohmann::json in_milliseconds(const histogram& h) {
  const auto ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
  return {{"p50", ms(h.at(0.5))}, {"p99", ms(h.at(0.99))}, {"max", ms(h.max())}};
}

// Waits until some have an answer, and calls `each` with the number of those that have.
template <class Each>
void await_answers(std::deque<connection>& all, std::vector<pollfd>& waiting, Each each) {
  const int ready = poll(waiting.data(), waiting.size(), patience_ms);
  if (ready <= 0) throw std::runtime_error("no answer within a minute");
  for (std::size_t i = 0; i < all.size(); ++i)
    if (waiting[i].revents != 0 && all[i].arrived()) each(i);
}

std::vector<pollfd> all_of(const std::deque<connection>& connections) {
  std::vector<pollfd> out;
  for (const auto& c : connections) out.push_back({.fd = c.descriptor(), .events = POLLIN});
  return out;
}

// One group and its members, each on a connection of its own.
class crowd {
 public:
  explicit crowd(const settings& s)
      : group_(fresh_name()), members_(static_cast<std::size_t>(s.clients)) {
    connection any(addresses(s.brokers).front());
    const auto where = await_coordinator(any, group_);
    for (std::size_t i = 0; i < members_.size(); ++i) connections_.emplace_back(where);
    waiting_ = all_of(connections_);
  }

  // All join, and wait for what is theirs.
  void rebalance() {
    // Other metadata than before is what makes a member's request begin a rebalance.
    metadata_ = std::format("{:064}", ++round_);
    settled_ = 0;
    for (std::size_t i = 0; i < members_.size(); ++i) ask_to_join(i);
    while (settled_ < members_.size())
      await_answers(connections_, waiting_, [this](std::size_t i) { heard(i); });
  }

 private:
  struct member {
    std::string id;
    bool joining = false;
  };

  void ask_to_join(std::size_t i) {
    members_[i].joining = true;
    connections_[i].send(join(group_, members_[i].id, metadata_));
  }

  void heard(std::size_t i) {
    auto& m = members_[i];
    if (!m.joining) {
      const auto code = synced_by(connections_[i].next());
      if (code == told::rebalance_in_progress) return ask_to_join(i);
      if (code != told::fine) throw std::runtime_error("a member got no assignment");
      ++settled_;
      return;
    }
    const auto found = joined_by(connections_[i].next());
    if (found.code == told::rebalance_in_progress) return ask_to_join(i);
    if (found.code != told::fine)
      throw std::runtime_error(
          std::format("a member may not join: {}", static_cast<int>(found.code)));
    m.id = found.member;
    m.joining = false;
    connections_[i].send(sync(group_, found.generation, m.id, found.members));
  }

  const std::string group_;
  std::vector<member> members_;
  std::deque<connection> connections_;
  std::vector<pollfd> waiting_;
  std::string metadata_;
  std::size_t settled_ = 0;
  int round_ = 0;
};

// A broker may be named before it has loaded what it coordinates.
void await_committed(connection& broker, const request& r) {
  const auto deadline = clock::now() + std::chrono::milliseconds(patience_ms);
  while (committed_by(broker.ask(r)) != told::fine) {
    if (clock::now() > deadline) throw std::runtime_error("offsets were not committed");
    std::this_thread::sleep_for(sweep_pause);
  }
}

// Those groups that the dying broker coordinates; all have offsets then.
std::vector<std::string> prepare_groups(const settings& s, const std::string& victim) {
  const auto all = addresses(s.brokers);
  std::deque<connection> brokers(all.begin(), all.end());
  std::vector<std::string> out;
  const auto name = fresh_name();
  for (int i = 0; i < s.groups; ++i) {
    const auto group = std::format("{}-{}", name, i);
    const auto where = await_coordinator(brokers.front(), group);
    const auto at = std::ranges::find(all, where) - all.begin();
    if (at == std::ssize(all)) throw std::runtime_error("coordinated by nobody known: " + where);
    auto& broker = brokers[static_cast<std::size_t>(at)];
    await_committed(broker, commit(group, s.topic, s.partitions, i + 1));
    if (where == victim) out.push_back(group);
  }
  return out;
}

// Asks for what is left, some at a time; those that were answered leave the list.
void sweep(connection& broker, const settings& s, std::vector<std::string>& left,
           clock::time_point from, histogram& times) {
  std::vector<std::string> still;
  for (std::size_t at = 0; at < left.size(); at += asked_at_once) {
    const auto end = std::min(left.size(), at + asked_at_once);
    for (auto i = at; i < end; ++i) broker.send(committed(left[i], s.topic, s.partitions));
    for (auto i = at; i < end; ++i) {
      const auto number = std::stoll(left[i].substr(left[i].rfind('-') + 1));
      if (is_committed(broker.next(), number + 1))
        times.add(since(from));
      else
        still.push_back(left[i]);
    }
  }
  left = std::move(still);
}

}  // namespace

nlohmann::json rebalance(const settings& s) {
  crowd members(s);
  members.rebalance();  // the first one waits for more members
  for (const auto end = clock::now() + duration_of(s.warmup); clock::now() < end;)
    members.rebalance();
  histogram times;
  const auto used = usage_now(s.broker_pids);
  for (const auto end = clock::now() + duration_of(s.seconds); clock::now() < end;) {
    const auto from = clock::now();
    members.rebalance();
    times.add(since(from));
  }
  auto result = difference(used, usage_now(s.broker_pids));
  result["rebalances"] = times.count();
  result["rebalance_ms"] = in_milliseconds(times);
  return result;
}

nlohmann::json commit_offsets(const settings& s) {
  std::deque<connection> connections;
  std::vector<std::string> groups;
  std::vector<clock::time_point> asked(static_cast<std::size_t>(s.clients));
  connection any(addresses(s.brokers).front());
  const auto name = fresh_name();
  for (int i = 0; i < s.clients; ++i) {
    groups.push_back(std::format("{}-{}", name, i));
    connections.emplace_back(await_coordinator(any, groups.back()));
    await_committed(connections.back(), commit(groups.back(), s.topic, 1, 0));
  }
  auto waiting = all_of(connections);
  std::int64_t offset = 0;
  const auto ask = [&](std::size_t i) {
    asked[i] = clock::now();
    connections[i].send(commit(groups[i], s.topic, 1, ++offset));
  };
  for (std::size_t i = 0; i < groups.size(); ++i) ask(i);
  const auto begin = clock::now() + duration_of(s.warmup);
  const auto end = begin + duration_of(s.seconds);
  histogram times;
  std::optional<usage> used;
  for (auto now = clock::now(); now < end; now = clock::now()) {
    if (now >= begin && !used) used = usage_now(s.broker_pids);
    await_answers(connections, waiting, [&](std::size_t i) {
      if (committed_by(connections[i].next()) != told::fine)
        throw std::runtime_error("an offset was not committed");
      if (used) times.add(since(asked[i]));
      ask(i);
    });
  }
  auto result = difference(used.value(), usage_now(s.broker_pids));
  result["commits"] = times.count();
  result["commit_ms"] = in_milliseconds(times);
  return result;
}

nlohmann::json load_groups(const settings& s) {
  auto survivors = addresses(s.brokers);
  const auto victim = survivors.at(static_cast<std::size_t>(s.kill_node));
  auto left = prepare_groups(s, victim);
  survivors.erase(survivors.begin() + s.kill_node);
  std::deque<connection> brokers(survivors.begin(), survivors.end());
  const auto groups = left.size();
  histogram times;
  if (kill(s.kill_pid, SIGKILL) != 0) throw std::runtime_error("no such process to kill");
  const auto from = clock::now();
  std::optional<std::uint64_t> first;
  while (!left.empty() && clock::now() < from + duration_of(s.seconds)) {
    for (auto& broker : brokers) sweep(broker, s, left, from, times);
    if (!first && left.size() < groups) first = times.at(0);
    std::this_thread::sleep_for(sweep_pause);
  }
  auto result = in_milliseconds(times);
  result["first"] = static_cast<double>(first.value_or(0)) / 1e6;
  result["groups"] = groups;
  result["silent"] = left.size();
  return result;
}

}  // namespace weir::load
