// What brokers' beats say of all their groups at once: those that sleep rely on it, and those whose
// leader's broker is gone need not wait for their own timeouts.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/base/chunked_vector.h"
#include "engine/cluster/cluster.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// Also without news: what was told while a group fell asleep was told too early for it.
constexpr auto look_again = 2s;
// In one of so many looks a follower that sleeps asks after its leader. The leader's copy may have
// gone out of service while its broker goes on, and what it said then may be lost.
constexpr std::size_t asks_in = 64;

}  // namespace

void cluster::fell_silent(node_id node) {
  gone_.insert(node);
  last_silence_ = seastar::lowres_clock::now();
  sleepers_wanted_.signal();
}

void cluster::began_anew(node_id node) {
  anew_.insert(node);
  last_silence_ = seastar::lowres_clock::now();
  sleepers_wanted_.signal();
}

seastar::future<> cluster::keep_sleepers() {
  for (std::size_t turn = 0; !fibers_.stopping(); ++turn) {
    try {
      if (gone_.empty() && anew_.empty()) co_await sleepers_wanted_.wait(look_again);
    } catch (const seastar::condition_variable_timed_out&) {
    }
    const beats_news news{.gone = std::exchange(gone_, {}), .anew = std::exchange(anew_, {})};
    chunked_vector<partition_key> keys;
    for (const auto& [key, r] : replicas_) keys.push_back(key);
    if (group0_) keys.push_back({});
    for (std::size_t i = 0; i < keys.size() && !fibers_.stopping(); ++i) {
      if (auto* r = replica_of(keys[i])) look_at(*r, news, (i + turn) % asks_in == 0);
      co_await seastar::coroutine::maybe_yield();
    }
  }
}

void cluster::look_at(replica& r, const beats_news& news, bool asks) {
  const auto leader = r.leadership().leader;
  const bool leads = leader == settings_.self;
  if (!leads && (news.gone.contains(leader) || news.anew.contains(leader))) return r.leader_gone();
  if (!r.asleep()) return;
  auto& heard = links().heard_of();
  const bool may = r.core().may_sleep([&heard](node_id node) { return heard.audible(node); });
  const bool begun = leads && std::ranges::any_of(news.anew, [&](node_id node) {
                       return r.members().members.is_member(node);
                     });
  if (leads && (!may || begun)) {
    r.wake({});
  } else if (!leads && !may) {
    r.leader_gone();
  } else if (!leads && asks) {
    r.ask_leader();
  }
}

}  // namespace weir
