// Who leads what: learned from this shard's replicas, told to all other shards and brokers, and
// taken from what they tell. Soft: what is lost is told again.
#include <seastar/core/coroutine.hh>
#include <seastar/core/sleep.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <algorithm>

#include "engine/cluster/cluster.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto gather_for = 10ms;
constexpr auto tell_all_again = 5s;
constexpr auto news_patience = 2s;
constexpr std::size_t reports_at_once = 1000;
constexpr auto give_patience = 2s;
constexpr auto give_again = 20ms;
// What Kafka calls in sync. Nothing is decided by it: who has what is counted by Raft.
constexpr std::uint64_t lag_max = 1000;  // entries
constexpr std::chrono::milliseconds silence_max{2000};

bool keeps_up(const peer_report& p) {
  return p.state == raft::flow::replicate && p.lag < lag_max && p.silent_for < silence_max;
}

}  // namespace

cluster::known_leader cluster::leader_of(const partition_key& key) const {
  const auto* known = leaders_.find(key);
  if (!known || known->leader == catalog::no_node) return {};
  // Clients ask again soon where nobody leads, but not where they were told who does.
  if (!audible(known->leader)) return {};
  return {.node = known->leader, .epoch = static_cast<std::int32_t>(known->term.value())};
}

bool cluster::electable(const partition_key& key) const {
  const auto* at = state_.find(key);
  if (!at) return false;
  const auto all = at->assigned();
  const auto heard = std::ranges::count_if(all, [this](node_id node) { return audible(node); });
  return 2 * static_cast<std::size_t>(heard) > all.size();
}

void cluster::watch(const partition_key& key, replica& r) {
  auto& w = watchers_[key];
  w = std::make_unique<watcher>();
  w->call = [this, key] {
    changed_leaders_.insert(key);
    leaders_changed_.signal();
  };
  r.group_news().add(w->listener);
  w->call();
}

std::optional<catalog::leader_report> cluster::report_of(const partition_key& key) const {
  const auto at = replicas_.find(key);
  if (at == replicas_.end()) return std::nullopt;
  const auto& r = *at->second;
  // One that has nobody to ask leads whenever it is asked.
  const bool alone = r.members().members.members().size() == 1;
  const auto l = r.leadership();
  if (!alone && l.leader == raft::nobody) return std::nullopt;
  catalog::leader_report report{.key = key,
                                .leader = alone ? settings_.self : l.leader,
                                .term = term(static_cast<std::uint64_t>(r.leader_epoch())),
                                .bytes = r.size_bytes(),
                                .behind = {}};
  if (report.leader == settings_.self && !alone) {
    for (const auto& p : r.peers()) {
      if (!keeps_up(p)) report.behind.push_back(p.node);
    }
  }
  return report;
}

seastar::future<> cluster::tell_leaders() {
  auto told_all = std::chrono::steady_clock::now();
  while (!fibers_.stopping()) {
    try {
      if (changed_leaders_.empty()) co_await leaders_changed_.wait(tell_all_again);
    } catch (const seastar::condition_variable_timed_out&) {
    }
    if (co_await fibers_.stopped_within(gather_for)) co_return;
    const auto now = std::chrono::steady_clock::now();
    const bool all = now - told_all > tell_all_again;
    if (all) {
      told_all = now;
      forget_dead_leaders();
      // Also those without news: sizes, who is behind, and what somebody may have missed.
      for (const auto& [key, r] : replicas_) changed_leaders_.insert(key);
    }
    co_await tell_changed_leaders(all);
  }
}

// Of partitions whose majority died with their leader nobody tells anything new: clients had better
// hear that nobody leads than be sent to a broker that is down.
void cluster::forget_dead_leaders() {
  for (const auto& [id, broker] : state_.brokers()) {
    if (!alive(id) && leaders_.drop_leader(id) > 0) ++version_;
  }
}

seastar::future<> cluster::tell_changed_leaders(bool all) {
  auto changed = std::exchange(changed_leaders_, {});
  std::vector<catalog::leader_report> reports;
  for (const auto& key : changed) {
    auto report = report_of(key);
    // A follower's view is for this broker alone, but for a change: its leader tells all.
    if (report && (!all || report->leader == settings_.self)) reports.push_back(*std::move(report));
    if (reports.size() == reports_at_once) co_await spread(std::exchange(reports, {}), true);
    co_await seastar::coroutine::maybe_yield();
  }
  if (!reports.empty()) co_await spread(std::move(reports), true);
}

void cluster::take_reports(const std::vector<catalog::leader_report>& reports) {
  for (const auto& r : reports) {
    if (leaders_.take(state_, r) == catalog::leader_table::outcome::changed) ++version_;
  }
}

seastar::future<fragments> cluster::take_leader_news(fragments payload) {
  const auto told = calls::decode<peer::leader_news>(payload);
  std::vector<catalog::leader_report> reports;
  for (const auto& p : told.partitions) {
    catalog::leader_report r{
        .key = {p.topic_id, p.partition},
        .leader = node_id(p.leader),
        .term = term(static_cast<std::uint64_t>(std::max<std::int64_t>(0, p.term))),
        .bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, p.size)),
        .behind = {}};
    for (const auto node : p.behind) {
      if (r.behind.size() < catalog::replicas_max) r.behind.push_back(node_id(node));
    }
    reports.push_back(std::move(r));
  }
  co_await spread(std::move(reports), false);
  co_return fragments{};
}

seastar::future<> cluster::spread(std::vector<catalog::leader_report> reports, bool to_peers) {
  co_await container().invoke_on_all([&reports](cluster& c) { c.take_reports(reports); });
  if (!to_peers) co_return;
  peer::leader_news news;
  for (const auto& r : reports) {
    if (r.leader != settings_.self) continue;
    auto& p = news.partitions.emplace_back();
    p.topic_id = r.key.topic_id;
    p.partition = r.key.partition;
    p.leader = r.leader.value();
    p.term = static_cast<std::int64_t>(r.term.value());
    p.size = static_cast<std::int64_t>(r.bytes);
    for (const auto node : r.behind) p.behind.push_back(node.value());
  }
  if (news.partitions.empty()) co_return;
  const auto payload = calls::encode(news);
  std::vector<seastar::future<peer::call_result>> told;
  for (const auto& [id, broker] : state_.brokers()) {
    if (id == settings_.self || !alive(id)) continue;
    told.push_back(links().call(id, 0, calls::leader_news, payload.slice(0, payload.size()),
                                seastar::lowres_clock::now() + news_patience));
  }
  // Not waited for: who does not answer must not keep others from the next news.
  for (auto& t : told) (void)std::move(t).discard_result();
}

seastar::future<bool> cluster::hand_over(partition_key key, node_id to) {
  const auto leader = key.topic_id.is_zero() ? controller_ : leaders_.leader_of(key);
  if (leader == settings_.self) co_return co_await hand_over_here(key, to);
  if (leader == catalog::no_node) co_return false;
  peer::hand_over request;
  request.topic_id = key.topic_id;
  request.partition = key.partition;
  request.to = to.value();
  const auto got = co_await links().call(leader, 0, calls::hand_over, calls::encode(request),
                                         seastar::lowres_clock::now() + news_patience);
  if (!got) co_return false;
  co_return calls::decode<peer::hand_over_answer>(*got).outcome == 0;
}

// To the one that lacks least. Asked again while a change or another transfer is under way.
seastar::future<> cluster::give_leadership() {
  const auto end = std::chrono::steady_clock::now() + give_patience;
  bool left = true;
  while (left && std::chrono::steady_clock::now() < end) {
    left = false;
    const auto give = [&](replica& r) {
      if (r.leadership().leader != settings_.self) return;
      const auto peers = r.peers();
      const peer_report* best = nullptr;
      for (const auto& p : peers) {
        if (p.voter && keeps_up(p) && (!best || p.lag < best->lag)) best = &p;
      }
      if (!best) return;
      left = true;
      (void)r.transfer(best->node);
    };
    for (auto& [key, r] : replicas_) give(*r);
    if (group0_) give(*group0_);
    if (left) co_await seastar::sleep(give_again);
  }
}

seastar::future<fragments> cluster::take_hand_over(fragments payload) {
  const auto asked = calls::decode<peer::hand_over>(payload);
  peer::hand_over_answer a;
  const bool began = co_await hand_over_here({asked.topic_id, asked.partition}, node_id(asked.to));
  a.outcome = began ? 0 : 1;
  co_return calls::encode(a);
}

seastar::future<bool> cluster::hand_over_here(partition_key key, node_id to) {
  return container().invoke_on(key.topic_id.is_zero() ? 0 : shard_of(key), [key, to](cluster& c) {
    auto* r = c.replica_of(key);
    return r && r->transfer(to).has_value();
  });
}

}  // namespace weir
