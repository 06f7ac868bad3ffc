#include "edge/kafka/partition_facts.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <utility>

namespace weir::edge {
namespace {

constexpr std::chrono::milliseconds election_patience{500};
constexpr std::chrono::milliseconds look_again{5};
// Who asks anew, asks because something broke; this broker may hear of it a little later.
constexpr std::chrono::milliseconds hear_of_it{20};
constexpr std::chrono::seconds asks_anew_after{1};

}  // namespace

seastar::future<> await_elections(services& with, const request& r,
                                  const std::vector<partition_key>& keys) {
  const auto& state = with.state;
  const bool anew = std::chrono::steady_clock::now() - r.client->since > asks_anew_after;
  if (anew && state.catalog().brokers().size() > 1 &&
      co_await with.background.stopped_within(hear_of_it))
    co_return;
  // Of one silence: brokers that are hardly heard may fall silent again and again.
  const auto end = state.last_silence() + election_patience;
  bool waited = false;
  for (std::size_t i = 0; i < keys.size() && seastar::lowres_clock::now() < end;) {
    if (state.leader_of(keys[i]).node != catalog::no_node || !state.electable(keys[i])) {
      ++i;
      co_await seastar::coroutine::maybe_yield();
      continue;
    }
    if (!std::exchange(waited, true)) ++with.meters.waits_for_elections;
    if (co_await with.background.stopped_within(look_again)) co_return;
  }
}

seastar::future<broken_partitions> find_broken(services& with, std::vector<partition_key> keys) {
  std::vector<std::vector<partition_key>> by_shard(seastar::smp::count);
  const auto self = with.state.settings().self;
  for (const auto& key : keys) {
    if (with.state.leader_of(key).node == self) by_shard[with.state.shard_of(key)].push_back(key);
  }
  broken_partitions broken;
  for (unsigned shard = 0; shard < by_shard.size(); ++shard) {
    if (by_shard[shard].empty()) continue;
    const auto told =
        co_await with.state.container().invoke_on(shard, [&asked = by_shard[shard]](cluster& c) {
          std::vector<partition_key> found;
          for (const auto& key : asked) {
            const auto* r = c.find(key);
            if (!r || r->log().failed()) found.push_back(key);
          }
          return found;
        });
    broken.insert(told.begin(), told.end());
  }
  co_return broken;
}

}  // namespace weir::edge
