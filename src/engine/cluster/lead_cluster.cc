// What the leader of group 0 does for all: the group's own members, and who leads and holds what.
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>
#include <seastar/core/thread.hh>

#include <algorithm>
#include <deque>
#include <map>

#include "core/catalog/leader_balancer.h"
#include "core/catalog/replica_balancer.h"
#include "core/catalog/shard_balancer.h"
#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 500ms;
constexpr auto balance_after = 2s;
// Brokers that vote on the cluster's state; the others follow it.
constexpr std::size_t voters_max = 5;
constexpr std::size_t transfers_at_once = 64;
constexpr std::size_t shard_moves_at_once = 8;
constexpr auto plan_again = 30s;

}  // namespace

seastar::future<> cluster::lead_cluster() {
  auto led_since = std::chrono::steady_clock::now();
  auto balanced = led_since;
  bool led = false;
  while (!co_await fibers_.stopped_within(look_again)) {
    const bool leads = group0_->leadership().leader == settings_.self &&
                       group0_->check_serves().has_value() &&
                       applied_.reached() >= group0_->core().commit_index();
    const auto now = std::chrono::steady_clock::now();
    if (leads && !led) led_since = now;
    led = leads;
    if (!leads) continue;
    // A new leader has to hear first who is up, and who leads what.
    const bool informed = now - led_since >= balance_after;
    shape_group0(informed);
    co_await retire_replaced();
    if (!informed || now - balanced < balance_after) continue;
    if (co_await balance()) continue;
    balanced = now;
    co_await even_out_shards();
  }
}

// All brokers have the log; as many as there are up to five vote, an odd number of them. A voter
// that is down gives its vote to one that is up and has none: else the next one that dies may take
// the majority with it, though there are enough brokers.
void cluster::shape_group0(bool informed) {
  if (group0_->change_under_way() && group0_->members().members.members().size() > 1) return;
  const auto& now = group0_->members().members;
  raft::configuration next;
  std::deque<node_id> ready;
  for (const auto node : now.voters) {
    // A founder that has not registered yet stays.
    const bool gone = state_.node_ids().contains(node) && !state_.find_broker(node);
    if (!gone) next.voters.push_back(node);
  }
  const auto peers = group0_->peers();
  auto total = next.voters.size();
  for (const auto& [id, broker] : state_.brokers()) {
    if (std::ranges::contains(next.voters, id)) continue;
    ++total;
    const auto at = std::ranges::find(peers, id, &peer_report::node);
    const bool may_vote = at != peers.end() && at->caught_up && alive(id);
    if (may_vote)
      ready.push_back(id);
    else
      next.learners.push_back(id);
  }
  const auto wanted = std::min(voters_max, total - (total % 2 == 0 && total > 1 ? 1 : 0));
  const auto take = [&ready](node_id& seat) {
    seat = ready.front();
    ready.pop_front();
  };
  while (next.voters.size() < wanted && !ready.empty()) take(next.voters.emplace_back());
  for (auto& voter : next.voters) {
    const bool down =
        voter != settings_.self && state_.find_broker(voter) != nullptr && !alive(voter);
    if (!down || !informed || ready.empty()) continue;
    next.learners.push_back(voter);
    take(voter);
  }
  next.learners.insert(next.learners.end(), ready.begin(), ready.end());
  next = raft::normal(std::move(next));
  if (next == now || next.voters.empty()) return;
  const auto changed = group0_->change(next);
  if (changed)
    cluster_log.info("the cluster's state is kept by brokers {}, followed by {}",
                     fmt::join(next.voters, ", "), fmt::join(next.learners, ", "));
}

// A broker at whose address another one answers now has lost its disk, or has been replaced: it
// can't come back. Its replicas go elsewhere, then it is forgotten.
seastar::future<> cluster::retire_replaced() {
  std::vector<const catalog::broker*> gone;
  for (const auto& [id, old] : state_.brokers()) {
    const bool replaced =
        !alive(id) && std::ranges::any_of(state_.brokers(), [&](const auto& other) {
          return other.first != id && other.second.peer == old.peer && alive(other.first);
        });
    if (replaced) gone.push_back(&old);
  }
  for (const auto* old : gone) {
    const auto id = old->id;
    if (old->state != catalog::broker_state::draining) {
      cluster_log.info("broker {} was replaced by another one at {}: its replicas go elsewhere", id,
                       format_host_port(old->peer));
      stored::broker_state_changed c;
      c.node_id = id.value();
      c.state = static_cast<std::int8_t>(catalog::broker_state::draining);
      (void)co_await execute_here(catalog::encode(catalog::command(c)));
    } else if (state_.replica_count(id) == 0) {
      stored::broker_unregistered c;
      c.node_id = id.value();
      (void)co_await execute_here(catalog::encode(catalog::command(c)));
    }
    co_return;  // the state has changed: the others next time
  }
}

seastar::future<> cluster::even_out_shards() {
  std::vector<node_id> up;
  for (const auto& [id, broker] : state_.brokers()) {
    if (alive(id)) up.push_back(id);
  }
  for (const auto id : up) {
    const auto plan = catalog::plan_shards(state_, id, shard_moves_at_once);
    if (!plan || fibers_.stopping()) continue;
    const auto done = co_await execute(*plan);
    if (done)
      cluster_log.info("moving {} partitions of broker {} to core {}", plan->partitions.size(), id,
                       plan->partitions.front().shard);
  }
}

seastar::future<> cluster::walk(std::function<void(const catalog::breath&)> over) {
  const auto still = co_await seastar::get_units(state_still_, 1);
  co_await seastar::async([&over] {
    const catalog::breath b([] { seastar::thread::maybe_yield(); });
    over(b);
  });
}

// Nothing has changed since the last plans were empty, but perhaps sizes of disks.
bool cluster::planned_for(const catalog::broker_facts& now) {
  std::map<node_id, bool> alive;
  for (const auto& [id, f] : now) alive[id] = f.alive;
  const auto time = std::chrono::steady_clock::now();
  if (planned_.version == version_ && planned_.alive == alive && time < planned_.until) return true;
  planned_ = {version_, std::move(alive), time + plan_again};
  return false;
}

// True: there were more transfers to make than are made at once.
seastar::future<bool> cluster::balance() {
  auto now = facts();
  // One whose connections just broke is called down only later: nothing is moved to it meanwhile.
  for (auto& [id, f] : now) f.alive = f.alive && audible(id);
  if (planned_for(now)) co_return false;
  std::vector<catalog::leader_transfer> transfers;
  co_await walk([&](const catalog::breath& b) {
    transfers = catalog::plan_transfers(state_, now, leaders_, transfers_at_once, b);
  });
  if (!transfers.empty()) planned_ = {};
  for (const auto& t : transfers) {
    if (fibers_.stopping()) co_return false;
    (void)co_await hand_over(t.key, t.to);
  }
  catalog::replica_plan plan;
  co_await walk(
      [&](const catalog::breath& b) { plan = catalog::plan_moves(state_, now, leaders_, {}, b); });
  for (const auto& o : plan.obstacles)
    cluster_log.warn("broker {} can't be emptied: {} of its partitions have nowhere to go",
                     o.broker, o.partitions);
  const bool more = transfers.size() == transfers_at_once;
  if (plan.moves.empty()) co_return more;
  planned_ = {};
  const auto done = co_await execute(catalog::command_of(plan.moves));
  if (done) cluster_log.info("moving {} partitions", plan.moves.size());
  co_return more;
}

}  // namespace weir
