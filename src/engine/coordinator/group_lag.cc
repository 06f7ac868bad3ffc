#include "engine/coordinator/group_lag.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/metrics.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/codec/peer/partition_ends.h"
#include "core/codec/peer/partition_ends_answer.h"
#include "engine/cluster/calls.h"
#include "engine/runtime/scheduling.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
namespace sm = seastar::metrics;

constexpr auto look_again = 10s;
constexpr auto call_patience = 5s;
constexpr std::size_t asked_at_once = 10'000;

}  // namespace

group_lag::group_lag(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
                     seastar::sharded<groups_of_shard>& groups,
                     seastar::sharded<share_persister>& persisters)
    : where_(where), links_(links), groups_(groups), persisters_(persisters) {}

void group_lag::start() {
  links_.local().serve(calls::partition_ends,
                       [this](node_id, fragments payload) { return serve(std::move(payload)); });
  own_.add_group("group", {sm::make_gauge(
                              "lag_left_out", [this] { return left_out_ + shared_left_out_; },
                              sm::description("Partitions of groups whose lag is not shown, since "
                                              "there are too many of them"))});
  const auto keep_looking = [this](const char* name, seastar::future<> (group_lag::*look)()) {
    fibers_.spawn(name, [this, look] { return look_often(look); }, weir::groups().background);
  };
  keep_looking("look", &group_lag::look);
  // On its own: a share coordinator that is not there takes patience.
  keep_looking("look at share groups", &group_lag::look_at_shares);
}

seastar::future<> group_lag::stop() {
  return fibers_.stop();
}

seastar::future<> group_lag::look_often(seastar::future<> (group_lag::*look)()) {
  while (!co_await fibers_.stopped_within(look_again)) co_await (this->*look)();
}

seastar::future<> group_lag::look() {
  auto groups = co_await committed();
  co_await count_lag(groups);
  consumers_.show(std::move(groups));
}

seastar::future<> group_lag::count_lag(lag_gauges::by_group& groups) {
  const auto ends = co_await ends_of(groups);
  for (auto& [name, places] : groups) {
    for (auto at = places.begin(); at != places.end();) {
      const auto* t = where_.local().catalog().find(at->first.topic);
      const auto end = t ? ends.find({t->id, at->first.partition}) : ends.end();
      if (end == ends.end()) {
        at = places.erase(at);  // not known now
        continue;
      }
      auto& is = at->second;
      is.lag = std::max<std::int64_t>(0, end->second - is.at - is.done);
      ++at;
    }
    co_await seastar::coroutine::maybe_yield();
  }
}

std::vector<partition_key> group_lag::here() const {
  std::vector<partition_key> out;
  for (const auto& [key, s] : groups_.local().all()) out.push_back(key);
  return out;
}

const group::coordinator* group_lag::deciding(const partition_key& key) const {
  const auto at = groups_.local().all().find(key);
  return at == groups_.local().all().end() ? nullptr : at->second->deciding();
}

seastar::future<lag_gauges::by_group> group_lag::committed() {
  lag_gauges::by_group out;
  std::size_t count = 0;
  left_out_ = 0;
  for (const auto& key : here()) {
    co_await seastar::coroutine::maybe_yield();
    const auto* core = deciding(key);
    if (!core) continue;
    core->for_each_offset([&](const group::committed_offset_view& o) {
      if (count == partitions_shown_max) {
        ++left_out_;
        return;
      }
      ++count;
      out[std::string(o.group)][{std::string(o.topic), o.partition}].at = o.at.value();
    });
  }
  co_return out;
}

seastar::future<group_lag::known_ends> group_lag::ends_of(const lag_gauges::by_group& groups) {
  std::vector<partition_key> wanted;
  absl::flat_hash_set<partition_key> asked;
  for (const auto& [name, places] : groups) {
    for (const auto& [at, s] : places) {
      const auto* t = where_.local().catalog().find(at.topic);
      if (!t) continue;
      const partition_key key{t->id, at.partition};
      if (asked.insert(key).second) wanted.push_back(key);
    }
    co_await seastar::coroutine::maybe_yield();
  }
  co_return co_await ends_of(std::move(wanted));
}

seastar::future<group_lag::known_ends> group_lag::ends_of(std::vector<partition_key> partitions) {
  asked_ends by_leader;
  for (const auto& key : partitions) {
    const auto leader = where_.local().leader_of(key).node;
    if (leader != catalog::no_node) by_leader[leader].push_back(key);
    co_await seastar::coroutine::maybe_yield();
  }
  known_ends out;
  for (auto& [leader, keys] : by_leader) co_await ask(leader, std::move(keys), out);
  co_return out;
}

seastar::future<> group_lag::ask(node_id leader, std::vector<partition_key> keys, known_ends& out) {
  for (std::size_t from = 0; from < keys.size(); from += asked_at_once) {
    const auto until = std::min(keys.size(), from + asked_at_once);
    std::vector<partition_key> some(keys.begin() + static_cast<std::ptrdiff_t>(from),
                                    keys.begin() + static_cast<std::ptrdiff_t>(until));
    std::vector<std::int64_t> ends;
    if (leader == where_.local().settings().self) {
      ends = co_await ends_here(some);
    } else {
      peer::partition_ends request;
      for (const auto& key : some) {
        auto& p = request.partitions.emplace_back();
        p.topic_id = key.topic_id;
        p.partition = key.partition;
      }
      const auto got = co_await links_.local().call(leader, seastar::this_shard_id(),
                                                    calls::partition_ends, calls::encode(request),
                                                    seastar::lowres_clock::now() + call_patience);
      if (!got) co_return;
      const auto told = calls::decode<peer::partition_ends_answer>(*got);
      ends.assign(told.ends.begin(), told.ends.end());
    }
    for (std::size_t i = 0; i < std::min(ends.size(), some.size()); ++i) {
      if (ends[i] >= 0) out[some[i]] = ends[i];
    }
  }
}

namespace {

seastar::future<> ends_of_shard(cluster& c, const std::vector<partition_key>& keys,
                                std::vector<std::int64_t>& ends) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (c.shard_of(keys[i]) != seastar::this_shard_id()) continue;
    const auto* r = c.find(keys[i]);
    if (r && r->check_serves()) ends[i] = r->high_watermark().value();
    co_await seastar::coroutine::maybe_yield();
  }
}

}  // namespace

seastar::future<std::vector<std::int64_t>> group_lag::ends_here(std::vector<partition_key> keys) {
  std::vector<std::int64_t> ends(keys.size(), -1);
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    co_await where_.invoke_on(shard,
                              [&keys, &ends](cluster& c) { return ends_of_shard(c, keys, ends); });
  }
  co_return ends;
}

seastar::future<fragments> group_lag::serve(fragments payload) {
  const auto asked = calls::decode<peer::partition_ends>(payload);
  std::vector<partition_key> keys;
  for (const auto& p : asked.partitions) keys.push_back({p.topic_id, p.partition});
  const auto ends = co_await ends_here(std::move(keys));
  peer::partition_ends_answer out;
  for (const auto end : ends) out.ends.push_back(end);
  co_return calls::encode(out);
}

}  // namespace weir
