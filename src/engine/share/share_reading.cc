#include "engine/share/share_reading.h"

#include <absl/hash/hash.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/metrics.hh>
#include <seastar/coroutine/maybe_yield.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include "core/base/check.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using kafka::error_code;

// Of one shard. Each is some hundred bytes and the records that are out.
constexpr std::size_t led_max = 100'000;
constexpr auto sweep_every = 15s;
constexpr auto load_patience = 500ms;
constexpr auto look_again = 2ms;
constexpr auto idle_for = 60s;

error_code code_of(share::session_error error) {
  switch (error) {
    case share::session_error::not_found:
      return error_code::share_session_not_found;
    case share::session_error::invalid_epoch:
      return error_code::invalid_share_session_epoch;
  }
  weir_check(false, "session error {}", static_cast<int>(error));
}

}  // namespace

share_reading::share_reading(seastar::sharded<cluster>& where,
                             seastar::sharded<share_persister>& persisters)
    : where_(where.local()), persister_(persisters.local()) {}

void share_reading::start() {
  namespace sm = seastar::metrics;
  const auto counter = [](const char* name, std::uint64_t& of, const char* what) {
    return sm::make_counter(name, of, sm::description(what));
  };
  metrics_.add_group(
      "share",
      {counter("acquired", meters_.acquired, "Records given to members of share groups"),
       counter("acknowledgements", meters_.acknowledgements, "Acknowledgements that came"),
       counter("acknowledgements_refused", meters_.acknowledgements_refused,
               "Acknowledgements of what the member did not have, or that made no sense"),
       counter("locks_ended", meters_.locks_ended, "Looks at locks that ended some"),
       counter("releases", meters_.released, "Share partitions given back with a session"),
       counter("state_writes", meters_.writes, "Writes of share partitions' states"),
       counter("state_writes_failed", meters_.writes_failed, "Those that were not stored"),
       counter("loads", meters_.loaded, "Share partitions that were begun here"),
       counter("loads_failed", meters_.loads_failed, "Those whose state could not be read"),
       sm::make_gauge(
           "partitions", [this] { return led_.size(); },
           sm::description("Share partitions that are led here")),
       sm::make_gauge(
           "sessions", [this] { return sessions_.size(); },
           sm::description("Sessions of members of share groups"))});
  fibers_.spawn("idle share partitions", [this] { return sweep(); });
}

void share_reading::halt() {
  halted_ = true;
  waits_.cancel_all();
  std::vector<led_ptr> all;
  for (auto& [at, p] : led_) all.push_back(p);
  for (auto& p : all) p->end(error_code::not_leader_or_follower);
}

seastar::future<> share_reading::stop() {
  metrics_.clear();
  halt();
  co_await fibers_.stop();
  led_.clear();
}

unsigned share_reading::shard_of(const share::session_key& key) {
  return static_cast<unsigned>(absl::HashOf(key.group, key.member) % seastar::smp::count);
}

share_rules share_reading::rules_of(std::string_view group) const {
  return share_rules_of(where_.options_of_group(group));
}

seastar::future<bool> share_reading::admit() {
  return container().invoke_on(0, [](share_reading& zero) {
    const auto most = static_cast<std::uint64_t>(zero.where_.options().group_share_sessions_max);
    if (zero.admitted_ >= most) return false;
    ++zero.admitted_;
    return true;
  });
}

seastar::future<> share_reading::leave(std::uint64_t count) {
  if (count == 0) return seastar::make_ready_future<>();
  return container().invoke_on(0, [count](share_reading& zero) { zero.admitted_ -= count; });
}

seastar::future<share_reading::turn> share_reading::fetch(session_request r) {
  const auto shard = shard_of(r.key);
  auto group = r.key.group;
  auto done = co_await container().invoke_on(
      shard,
      [r = std::move(r)](share_reading& there) mutable { return there.fetch_here(std::move(r)); });
  if (done && done->began) co_await refresh(std::move(group), done->wanted);
  co_return done;
}

seastar::future<> share_reading::refresh(std::string group, std::vector<partition_key> partitions) {
  std::vector<std::vector<partition_key>> shards(seastar::smp::count);
  for (const auto& key : partitions) shards[where_.shard_of(key)].push_back(key);
  for (unsigned shard = 0; shard < shards.size(); ++shard) {
    if (shards[shard].empty()) continue;
    co_await container().invoke_on(shard, [&group, mine = &shards[shard]](share_reading& there) {
      for (const auto& key : *mine) {
        if (const auto p = there.find(group, key)) p->refresh();
      }
    });
  }
}

seastar::future<share_reading::turn> share_reading::fetch_here(session_request r) {
  std::uint64_t surplus = 0;
  if (sessions_.begins(r.key, r.epoch)) {
    if (!co_await admit()) co_return std::unexpected(error_code::share_session_limit_reached);
    // Somebody may have been faster under the same name.
    if (!sessions_.begins(r.key, r.epoch)) surplus = 1;
  }
  auto done = sessions_.fetch(r.key, r.epoch, r.connection, r.named, r.forgotten);
  if (done && done->ended) surplus = 1;
  co_await leave(surplus);
  if (!done) co_return std::unexpected(code_of(done.error()));
  co_return *std::move(done);
}

seastar::future<share_reading::turn> share_reading::acknowledge(session_request r) {
  const auto shard = shard_of(r.key);
  return container().invoke_on(
      shard,
      [](share_reading& there, session_request own) -> seastar::future<turn> {
        auto done = there.sessions_.acknowledge(own.key, own.epoch);
        if (!done) co_return std::unexpected(code_of(done.error()));
        if (done->ended) co_await there.leave(1);
        co_return *std::move(done);
      },
      std::move(r));
}

seastar::future<> share_reading::connection_closed(share::session_key key,
                                                   std::uint64_t connection) {
  auto over = co_await container().invoke_on(
      shard_of(key),
      [key, connection](share_reading& there) { return there.sessions_.closed(key, connection); });
  if (!over) co_return;
  co_await leave(1);
  co_await release({.group = key.group, .member = key.member}, std::move(over->touched));
}

seastar::future<> share_reading::release(share_reader by, std::vector<partition_key> partitions) {
  std::vector<std::vector<partition_key>> shards(seastar::smp::count);
  for (const auto& key : partitions) shards[where_.shard_of(key)].push_back(key);
  for (unsigned shard = 0; shard < shards.size(); ++shard) {
    if (shards[shard].empty()) continue;
    co_await container().invoke_on(shard, [&by, mine = &shards[shard]](share_reading& there) {
      const auto rules = there.rules_of(by.group);
      for (const auto& key : *mine) {
        if (const auto p = there.find(by.group, key)) p->release(text(by.member), rules);
      }
    });
  }
}

share_reading::led_ptr share_reading::find(const std::string& group,
                                           const partition_key& key) const {
  const auto at = led_.find(place{group, key});
  return at == led_.end() ? nullptr : at->second;
}

std::expected<share_reading::led_ptr, error_code> share_reading::find_or_make(
    const std::string& group, const partition_key& key, const share_rules& rules) {
  const place at{group, key};
  if (const auto there = led_.find(at); there != led_.end()) {
    auto p = there->second;
    if (!p->over()) return p;
    // Who was told of it comes again.
    led_.erase(there);
    if (*p->over() != error_code::none) return std::unexpected(*p->over());
  }
  auto* from = where_.find(key);
  if (!from) {
    return std::unexpected(where_.offline(key) ? error_code::kafka_storage_error
                                               : error_code::not_leader_or_follower);
  }
  if (!from->check_serves() || halted_ || led_.size() >= led_max)
    return std::unexpected(error_code::not_leader_or_follower);
  auto p = seastar::make_lw_shared<led_share_partition>(
      share::share_partition{group, key.topic_id, partition_id(key.partition)}, *from, where_,
      persister_, meters_, fibers_);
  led_.emplace(at, p);
  p->begin(rules);
  return p;
}

seastar::future<> share_reading::pass(share_reader by, std::vector<share_want>& wants,
                                      share_budget budget) {
  std::vector<std::vector<share_want*>> shards(seastar::smp::count);
  std::vector<unsigned> order;
  for (auto& w : wants) {
    if (!w.located) continue;
    w.shard = where_.shard_of(w.key);
    if (shards[w.shard].empty()) order.push_back(w.shard);
    shards[w.shard].push_back(&w);
  }
  // One shard after the other: each may use what the others left of the budget.
  for (const auto shard : order) {
    const auto& mine = shards[shard];
    co_await container().invoke_on(shard, [&by, &mine, budget](share_reading& there) {
      return there.pass_here(by, mine, budget);
    });
    for (const auto* w : mine) {
      budget.bytes -= std::min(budget.bytes, w->taken.bytes);
      budget.records -= std::min(budget.records, w->taken.count);
      if (w->taken.bytes > 0) budget.at_least_one = false;
    }
  }
}

seastar::future<> share_reading::pass_here(share_reader by, std::vector<share_want*> mine,
                                           share_budget budget) {
  const auto rules = rules_of(by.group);
  // What is stored is read for all of them at once, and waited for: a fetch that waits for nothing
  // would find nothing, each time that it begins a session.
  for (const auto* w : mine) {
    const auto p = find(by.group, w->key);
    if (!p || p->over() == error_code::none) (void)find_or_make(by.group, w->key, rules);
  }
  const auto until = led_share_partition::clock::now() + load_patience;
  for (auto* w : mine) {
    while (led_share_partition::clock::now() < until) {
      const auto p = find(by.group, w->key);
      if (!p || p->ready() || p->over() || co_await fibers_.stopped_within(look_again)) break;
    }
    co_await pass_one(by, *w, budget, rules);
    budget.bytes -= std::min(budget.bytes, w->taken.bytes);
    budget.records -= std::min(budget.records, w->taken.count);
    if (w->taken.bytes > 0) budget.at_least_one = false;
    co_await seastar::coroutine::maybe_yield();
  }
}

seastar::future<> share_reading::pass_one(const share_reader& by, share_want& want,
                                          const share_budget& budget, const share_rules& rules) {
  want.taken = {};
  want.error = error_code::none;
  const auto p = find_or_make(by.group, want.key, rules);
  if (!p) {
    want.error = p.error();
    co_return;
  }
  want.taken = co_await (*p)->take(text(by.member), budget, rules);
}

seastar::future<> share_reading::wait(share_reader by, const std::vector<share_want>& wants,
                                      seastar::lowres_clock::time_point deadline) {
  const auto id = next_wait_++ << 8 | seastar::this_shard_id();
  std::map<unsigned, std::vector<const share_want*>> by_shard;
  for (const auto& w : wants) {
    if (w.located && w.error == error_code::none) by_shard[w.shard].push_back(&w);
  }
  if (by_shard.empty()) co_return co_await waits_.wait(id, {}, deadline);
  bool woken = false;  // maybe before all have begun to wait
  co_await seastar::coroutine::parallel_for_each(
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      by_shard, [&](auto& entry) -> seastar::future<> {
        if (woken) co_return;
        co_await container().invoke_on(
            entry.first, [id, &by, &mine = entry.second, deadline](share_reading& there) {
              std::vector<share_waits::watched> watched;
              for (const auto* w : mine) {
                auto p = there.find(by.group, w->key);
                if (!p) return seastar::make_ready_future<>();
                watched.push_back({std::move(p), w->taken.version});
              }
              return there.waits_.wait(id, std::move(watched), deadline);
            });
        woken = true;
        for (const auto& other : by_shard) {
          if (other.first == entry.first) continue;
          co_await container().invoke_on(other.first,
                                         [id](share_reading& there) { there.waits_.cancel(id); });
        }
      });
}

seastar::future<> share_reading::say(share_reader by, std::vector<share_said>& what) {
  std::vector<std::vector<share_said*>> shards(seastar::smp::count);
  for (auto& w : what) shards[where_.shard_of(w.key)].push_back(&w);
  co_await seastar::coroutine::parallel_for_each(
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      shards, [&](std::vector<share_said*>& mine) -> seastar::future<> {
        if (mine.empty()) co_return;
        const auto shard = where_.shard_of(mine.front()->key);
        co_await container().invoke_on(
            shard, [&by, &mine](share_reading& there) { return there.say_here(by, mine); });
      });
}

seastar::future<> share_reading::say_here(share_reader by, std::vector<share_said*> mine) {
  const auto rules = rules_of(by.group);
  co_await seastar::coroutine::parallel_for_each(
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      mine, [&](share_said* said) -> seastar::future<> {
        const auto p = find(by.group, said->key);
        if (!p) {
          const auto* from = where_.find(said->key);
          said->fault.code = from && from->check_serves() ? error_code::unknown_topic_or_partition
                                                          : error_code::not_leader_or_follower;
          co_return;
        }
        std::vector<share::acknowledgement> what;
        what.reserve(said->ranges.size());
        for (std::size_t i = 0; i < said->ranges.size(); ++i)
          what.push_back({.of = said->ranges[i], .types = said->types[i]});
        const auto done = co_await p->acknowledge(text(by.member), std::move(what), rules);
        if (!done) said->fault = done.error();
      });
}

// Those that are over and that nobody asked for since, and those that have nothing to do: what is
// stored is read again then, for it may have been altered while the group was empty.
seastar::future<> share_reading::sweep() {
  while (!co_await fibers_.stopped_within(sweep_every)) {
    const auto then = led_share_partition::clock::now() - idle_for;
    std::vector<place> gone;
    for (const auto& [at, p] : led_) {
      if (p->over() || p->idle_since(then)) gone.push_back(at);
    }
    for (const auto& at : gone) {
      const auto found = led_.find(at);
      const auto p = found->second;
      led_.erase(found);
      p->end(error_code::none);
    }
  }
}

}  // namespace weir
