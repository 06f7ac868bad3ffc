#include "engine/cluster/formation.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/sleep.hh>

#include <algorithm>
#include <set>

#include "engine/cluster/cluster_log.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto ask_again = 100ms;
constexpr auto who_patience = 1s;
constexpr auto join_patience = 10s;
constexpr auto tell_again = 5s;

seastar::lowres_clock::time_point in(std::chrono::milliseconds patience) {
  return seastar::lowres_clock::now() + patience;
}

// The same on every founder, whoever works it out: nobody has to tell the others.
uuid id_of_cluster(const std::set<std::pair<std::uint64_t, std::uint64_t>>& founders) {
  std::uint64_t a = 0x9e3779b97f4a7c15;
  std::uint64_t b = 0xbf58476d1ce4e5b9;
  const auto mix = [](std::uint64_t& into, std::uint64_t value) {
    into ^= value;
    into *= 0x94d049bb133111eb;
    into ^= into >> 29;
  };
  for (const auto& [high, low] : founders) {
    mix(a, high);
    mix(a, low);
    mix(b, low + 0x2545f4914f6cdd1d);
    mix(b, high);
  }
  return uuid::from_random(a, b);
}

}  // namespace

formation::formation(formation_facts facts, membership known, peer::peer_links& links)
    : facts_(std::move(facts)), known_(std::move(known)), links_(links) {
  std::set<std::string> names;
  for (const auto& seed : facts_.seeds) {
    if (!names.insert(format_host_port(seed)).second) continue;
    if (seed == facts_.address)
      founder_ = true;
    else
      others_.push_back(seed);
  }
  seeds_.assign(names.begin(), names.end());
}

peer::who_answer formation::answer() const {
  peer::who_answer a;
  a.broker_id = known_.broker_id;
  a.cluster_id = known_.cluster_id;
  a.wished_id = facts_.wished.value();
  a.host = text(facts_.address.host);
  a.port = facts_.address.port;
  for (const auto& seed : seeds_) a.seeds.emplace_back(seed);
  put_contacts(known_.contacts, a.contacts);
  return a;
}

seastar::future<membership> formation::run(std::string registration) {
  told_ = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < others_.size(); ++i)
    co_await links_.set_broker(stand_in(i), others_[i], uuid{});
  if (others_.empty()) found({});
  while (!known_.belongs()) {
    if (interrupted_) throw std::runtime_error("stopped while it waited for its cluster");
    const auto all = co_await ask_all();
    if (!co_await follow(all, registration) && !found(all)) {
      tell_waiting(all);
      co_await seastar::sleep(ask_again);
    }
  }
  for (std::size_t i = 0; i < others_.size(); ++i) co_await links_.remove_broker(stand_in(i));
  co_return known_;
}

seastar::future<formation::answers> formation::ask_all() {
  peer::who question;
  question.broker_id = known_.broker_id;
  std::vector<seastar::future<peer::call_result>> asked;
  asked.reserve(others_.size());
  for (std::size_t i = 0; i < others_.size(); ++i)
    asked.push_back(
        links_.call(stand_in(i), 0, calls::who, calls::encode(question), in(who_patience)));
  answers all(others_.size());
  for (std::size_t i = 0; i < others_.size(); ++i) {
    const auto got = co_await std::move(asked[i]);
    if (got) all[i] = calls::decode<peer::who_answer>(*got);
  }
  co_return all;
}

// Somebody is of a cluster: this broker is one of its founders, who was too slow to see it, or
// joins.
seastar::future<bool> formation::follow(const answers& all, const std::string& registration) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& a = all[i];
    if (!a || a->cluster_id.is_zero()) continue;
    auto contacts = take_contacts(a->contacts);
    const auto me = std::ranges::find_if(
        contacts, [&](const auto& c) { return c.founder && c.broker_id == known_.broker_id; });
    if (me == contacts.end()) {
      if (co_await join(stand_in(i), registration)) co_return true;
      continue;
    }
    known_.cluster_id = a->cluster_id;
    known_.self = me->node;
    known_.contacts = std::move(contacts);
    co_return true;
  }
  co_return false;
}

seastar::future<bool> formation::join(node_id by, const std::string& registration) {
  peer::join_cluster request;
  request.registration = bytes::copy(registration);
  const auto got =
      co_await links_.call(by, 0, calls::join, calls::encode(request), in(join_patience));
  if (!got) co_return false;
  const auto a = calls::decode<peer::join_cluster_answer>(*got);
  if (a.outcome == calls::id_taken)
    throw std::runtime_error(fmt::format(
        "node id {} belongs to another broker of the cluster: give this one another --node-id, or "
        "none",
        facts_.wished));
  if (a.outcome >= calls::first_error)
    throw std::runtime_error(
        "the cluster does not take this broker: it lacks a feature that is in use there, or what "
        "it says of "
        "itself makes no sense; start a version that the others run");
  if (a.outcome != calls::done) co_return false;
  known_.cluster_id = a.cluster_id;
  known_.self = node_id(a.node_id);
  known_.contacts = take_contacts(a.contacts);
  co_return true;
}

bool formation::found(const answers& all) {
  if (!founder_ && !seeds_.empty()) return false;
  struct candidate {
    std::string address;
    host_port at;
    uuid broker_id;
    std::int32_t wished;
  };
  std::vector<candidate> founders{
      {format_host_port(facts_.address), facts_.address, known_.broker_id, facts_.wished.value()}};
  for (const auto& a : all) {
    // One that belongs is joined, however long that takes: what it has must not be given up.
    if (!a || !a->cluster_id.is_zero()) return false;
    std::vector<std::string> theirs;
    for (const auto& s : a->seeds) theirs.emplace_back(s.view());
    if (theirs != seeds_) return false;
    const host_port at{std::string(a->host.view()), a->port};
    founders.push_back({format_host_port(at), at, a->broker_id, a->wished_id});
  }
  std::ranges::sort(founders, {}, &candidate::address);
  std::set<std::int32_t> taken;
  for (const auto& f : founders) {
    if (f.wished >= 0 && !taken.insert(f.wished).second)
      throw std::runtime_error(fmt::format(
          "two of the seeds were started with --node-id {}: give each its own, or none", f.wished));
  }
  std::set<std::pair<std::uint64_t, std::uint64_t>> ids;
  std::int32_t next = 1;
  for (const auto& f : founders) {
    auto id = f.wished;
    if (id < 0) {
      while (taken.contains(next)) ++next;
      id = next++;
    }
    known_.contacts.push_back({node_id(id), f.broker_id, f.at, true});
    if (f.broker_id == known_.broker_id) known_.self = node_id(id);
    ids.emplace(f.broker_id.high, f.broker_id.low);
  }
  known_.cluster_id = id_of_cluster(ids);
  return true;
}

void formation::tell_waiting(const answers& all) {
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < tell_again) return;
  told_ = now;
  std::string missing;
  std::string differ;
  std::string belong;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& list = !all[i] ? missing : all[i]->cluster_id.is_zero() ? differ : belong;
    list += (list.empty() ? "" : ", ") + format_host_port(others_[i]);
  }
  if (!belong.empty()) {
    cluster_log.info(
        "waiting for the cluster of {} to take this broker: it has no leader, as when a majority "
        "of its brokers is down; if their data is lost, see weir recover --help",
        belong);
  } else if (!missing.empty()) {
    cluster_log.info("waiting for {}: {}", missing,
                     founder_ ? "a new cluster begins once all of its seeds are up"
                              : "nobody there answers yet");
  } else if (founder_) {
    cluster_log.warn("{} have other seeds than this broker ({}): give all the same ones", differ,
                     fmt::join(seeds_, ", "));
  } else {
    cluster_log.info("waiting for {} to form a cluster, or to have a leader", differ);
  }
}

}  // namespace weir
