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
// Of one shard. What is beyond is counted, not shown: a scrape must stay possible.
constexpr std::size_t partitions_shown_max = 10'000;

}  // namespace

group_lag::group_lag(seastar::sharded<cluster>& where, seastar::sharded<peer::peer_links>& links,
                     seastar::sharded<groups_of_shard>& groups)
    : where_(where), links_(links), groups_(groups) {}

void group_lag::start() {
  links_.local().serve(calls::partition_ends,
                       [this](node_id, fragments payload) { return serve(std::move(payload)); });
  own_.add_group("group", {sm::make_gauge(
                              "lag_left_out", [this] { return left_out_; },
                              sm::description("Partitions of groups whose lag is not shown, since "
                                              "there are too many of them"))});
  fibers_.spawn("look", [this] { return look_often(); }, weir::groups().background);
}

seastar::future<> group_lag::stop() {
  return fibers_.stop();
}

seastar::future<> group_lag::look_often() {
  while (!co_await fibers_.stopped_within(look_again)) co_await look();
}

seastar::future<> group_lag::look() {
  auto groups = co_await committed();
  const auto ends = co_await ends_of(groups);
  for (auto& [name, places] : groups) {
    for (auto at = places.begin(); at != places.end();) {
      const auto* t = where_.local().catalog().find(at->first.topic);
      const auto end = t ? ends.find({t->id, at->first.partition}) : ends.end();
      if (end == ends.end()) {
        at = places.erase(at);  // not known now
        continue;
      }
      at->second.lag = std::max<std::int64_t>(0, end->second - at->second.committed);
      ++at;
    }
    co_await seastar::coroutine::maybe_yield();
  }
  show(std::move(groups));
}

seastar::future<group_lag::by_group> group_lag::committed() {
  by_group out;
  std::size_t count = 0;
  left_out_ = 0;
  std::vector<partition_key> keys;
  for (const auto& [key, s] : groups_.local().all()) keys.push_back(key);
  for (const auto& key : keys) {
    co_await seastar::coroutine::maybe_yield();
    const auto at = groups_.local().all().find(key);
    const auto* core = at == groups_.local().all().end() ? nullptr : at->second->deciding();
    if (!core) continue;
    core->for_each_offset([&](const group::committed_offset_view& o) {
      if (count == partitions_shown_max) {
        ++left_out_;
        return;
      }
      ++count;
      out[std::string(o.group)][{std::string(o.topic), o.partition}].committed = o.at.value();
    });
  }
  co_return out;
}

seastar::future<group_lag::known_ends> group_lag::ends_of(const by_group& groups) {
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

void group_lag::show(by_group groups) {
  std::erase_if(shown_, [&](const auto& g) { return !groups.contains(g.first); });
  for (auto& [name, places] : groups) {
    auto& g = shown_[name];
    if (!g) g = std::make_unique<group_gauges>();
    const bool same = std::ranges::equal(
        g->of, places, {}, [](const auto& p) { return p.first; },
        [](const auto& p) { return p.first; });
    g->sum = 0;
    for (const auto& [at, s] : places) g->sum += s.lag;
    if (same) {
      for (auto& [at, s] : g->of) s = places.at(at);
    } else {
      g->registered.clear();
      g->of = std::move(places);
      make_gauges(name, *g);
    }
  }
}

void group_lag::make_gauges(const std::string& name, group_gauges& g) {
  const sm::label group("group");
  const sm::label topic("topic");
  const sm::label partition("partition");
  std::vector<sm::metric_definition> all;
  all.push_back(sm::make_gauge("lag_sum", sm::description("Records that a group has still to read"),
                               {group(name)}, [&g] { return g.sum; }));
  for (const auto& [at, s] : g.of) {
    const std::vector<sm::label_instance> labels{group(name), topic(at.topic),
                                                 partition(at.partition)};
    all.push_back(sm::make_gauge("lag", sm::description("The same, of one partition"), labels,
                                 [&s] { return s.lag; }));
    all.push_back(sm::make_gauge("committed_offset",
                                 sm::description("Where a group would go on reading"), labels,
                                 [&s] { return s.committed; }));
  }
  g.registered.add_group("group", all);
}

}  // namespace weir
