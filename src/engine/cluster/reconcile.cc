// Making this broker's copies what the catalog says: opening and removing them, and, where one
// leads, bringing its Raft group to the members that are wanted.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/base/chunked_vector.h"
#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 200ms;
constexpr auto look_without_news = 5s;

}  // namespace

// A command moved it: this broker has a copy, or has one no longer.
seastar::future<> cluster::follow_placement(partition_key key) {
  if (shard_of(key) != seastar::this_shard_id()) co_return;
  const auto* where = state_.find(key);
  const auto* t = state_.find(key.topic_id);
  if (!where || !t) co_return;
  const bool here = replicas_.contains(key) || offline_.contains(key);
  if (where->names(settings_.self) && !here) co_await open_one(*t, key.partition);
  if (!where->names(settings_.self) && here) co_await close_one(key);
}

// On the shard that has a copy and should not have it any more: what is on disk stays.
seastar::future<> cluster::let_go(partition_key key) {
  if (shard_of(key) == seastar::this_shard_id()) co_return;
  watchers_.erase(key);
  offline_.erase(key);
  const auto at = replicas_.find(key);
  if (at == replicas_.end()) co_return;
  auto gone = std::move(at->second);
  replicas_.erase(at);
  const bool whole = co_await gone->hand_on();
  if (!whole) {
    // Its files may lack what this shard's journal has: a start puts that back.
    offline_.emplace(key, "it could not be moved to another core: the next start opens it there");
    cluster_log.error("{} is offline: {}", gone->name(), offline_.at(key));
  }
  fibers_.spawn("moved partition",
                [kept = std::move(gone), this]() mutable { return linger(std::move(kept)); });
}

// On the shard that should have them, once all shards know and have let go.
seastar::future<> cluster::take_over(std::vector<partition_key> keys) {
  for (const auto& key : keys) {
    const auto* where = state_.find(key);
    const auto* t = state_.find(key.topic_id);
    if (!where || !t || !where->names(settings_.self) ||
        shard_of(key) != seastar::this_shard_id() || replicas_.contains(key) ||
        offline_.contains(key))
      continue;
    co_await open_one(*t, key.partition);
  }
  co_await tell_changed_leaders();
}

// With its files: the catalog names this broker no longer, so all there is of it is elsewhere.
seastar::future<> cluster::close_one(partition_key key) {
  const auto* t = state_.find(key.topic_id);
  const auto directory = t ? fmt::format("{}/{}", directory_of(*t), key.partition) : std::string();
  watchers_.erase(key);
  offline_.erase(key);
  if (const auto at = replicas_.find(key); at != replicas_.end()) {
    auto gone = std::move(at->second);
    replicas_.erase(at);
    co_await gone->stop();
    fibers_.spawn("moved partition",
                  [kept = std::move(gone), this]() mutable { return linger(std::move(kept)); });
  }
  if (directory.empty()) co_return;
  try {
    co_await files_->remove_tree(directory);
  } catch (...) {
    cluster_log.warn("{} is not all gone ({}); it is removed at the next start", directory,
                     std::current_exception());
  }
}

seastar::future<> cluster::keep_placed() {
  std::uint64_t seen = 0;
  auto looked = std::chrono::steady_clock::time_point{};
  while (!co_await fibers_.stopped_within(look_again)) {
    const auto now = std::chrono::steady_clock::now();
    if (!follows_ || (version_ == seen && now - looked < look_without_news)) continue;
    seen = version_;
    looked = now;
    chunked_vector<partition_key> keys;
    for (const auto& [key, r] : replicas_) keys.push_back(key);
    bool busy = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (fibers_.stopping()) co_return;
      busy |= co_await reconcile(keys[i]);
      co_await seastar::coroutine::maybe_yield();
    }
    if (busy) seen = 0;  // look again soon
  }
}

// One step; true: there will be another.
seastar::future<bool> cluster::reconcile(partition_key key) {
  auto* r = find(key);
  const auto* where = state_.find(key);
  if (!r || !where) co_return false;
  if (r->leadership().leader != settings_.self && r->members().members.members().size() > 1)
    co_return false;
  const auto use = r->use();
  const auto wanted_list = where->wanted();
  raft::configuration wanted{
      .voters = {wanted_list.begin(), wanted_list.end()}, .old_voters = {}, .learners = {}};
  wanted = raft::normal(std::move(wanted));
  const auto& now = r->members().members;
  const bool alone = now.members().size() == 1;
  if (now == wanted && !r->change_under_way()) {
    if (where->settled()) co_return false;
    stored::reassignments_finished done;
    auto& p = done.partitions.emplace_back();
    p.topic_id = key.topic_id;
    p.partition = key.partition;
    p.version = where->version();
    (void)co_await execute(done);
    co_return true;
  }
  if (r->change_under_way() && !alone) co_return true;
  // Those that are new learn first.
  auto next = now;
  bool ready = true;
  const auto peers = r->peers();
  for (const auto node : wanted.voters) {
    if (now.is_voter(node)) continue;
    const auto at = std::ranges::find(peers, node, &peer_report::node);
    ready &= at != peers.end() && at->caught_up;
    if (!now.is_member(node)) next.learners.push_back(node);
  }
  if (ready) next = wanted;
  next = raft::normal(std::move(next));
  if (next == now) co_return true;  // they are learning
  (void)r->change(next);            // refused, it is asked again
  co_return true;
}

}  // namespace weir
