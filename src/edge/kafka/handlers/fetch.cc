// Fetch: what the session says is wanted, read shard by shard up to the isolation level's bound;
// when that is less than asked for, again after any of the partitions had news, until the deadline.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include <absl/container/flat_hash_map.h>

#include "core/codec/fetch.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/leader_told.h"
#include "edge/kafka/replica_in_rack.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

constexpr std::int16_t tells_leader_since = 16;
// Older consumers can't be sent to another replica, nor can those that name no rack: they get
// none's records but the leader's (KIP-392). One that has not heard of a new leader would be told
// by the old one, which may know less than it did, that its position does not exist.
constexpr std::int16_t follows_since = 11;
// A client may ask to wait for weeks; an empty answer after this makes it ask again.
constexpr std::chrono::milliseconds wait_max{60'000};
// Read at least this much where the answers' memory is nearly used up, so that everybody gets on.
constexpr std::size_t bytes_floor = 1 << 20;

// One partition of one pass.
struct reading {
  fetch_want* want = nullptr;
  partition_key key;
  unsigned shard = 0;
  bool located = false;
  error_code error = error_code::none;
  offset high_watermark{-1};
  offset last_stable{-1};
  offset log_start{-1};
  fragments records;
  std::vector<log::aborted_transaction> aborted;
  std::optional<epoch_end> diverging;
  node_id closer = catalog::no_node;  // is to be asked instead
};

// What all partitions of one request have in common.
struct reading_rules {
  bool committed = false;    // only what is before the last stable offset
  bool leader_only = false;  // no records from a follower
};

struct pass {
  std::vector<reading> parts;
  std::size_t bytes = 0;
  bool failed = false;  // some partition has something to tell that is not waited with
};

seastar::future<> read_one(replica& from, reading& r, std::size_t budget, bool at_least_one,
                           reading_rules rules) {
  const auto use = from.use();
  const auto& want = *r.want;
  if (rules.leader_only && !from.check_serves()) {
    r.error = error_code::not_leader_or_follower;
    co_return;
  }
  if (const auto epoch = from.check_epoch(want.leader_epoch); !epoch) {
    r.error = code_of(epoch.error());
    co_return;
  }
  const offset at{want.offset};
  r.high_watermark = from.high_watermark();
  r.last_stable = from.last_stable_offset();
  r.log_start = from.start_offset();
  if (r.diverging = from.diverging(want.last_fetched_epoch, at); r.diverging) co_return;
  // What is out of range or not committed is this broker's to answer: the other one would send the
  // consumer back.
  if (at < r.log_start || at > r.high_watermark) r.closer = catalog::no_node;
  if (r.closer != catalog::no_node) co_return;
  const auto bytes =
      std::min<std::size_t>(budget, static_cast<std::size_t>(std::max(want.bytes_max, 0)));
  auto got = co_await from.read(
      at, bytes, at_least_one, rules.committed ? r.last_stable : r.high_watermark, rules.committed);
  if (!got) {
    r.error = code_of(got.error());
    // A follower may know less than the reader has seen: only a leader says what is not there.
    if (got.error() == replica_error::offset_out_of_range && !from.check_serves())
      r.error = error_code::not_leader_or_follower;
    r.high_watermark = r.last_stable = r.log_start = offset(-1);
    co_return;
  }
  r.records = std::move(got->batches);
  r.aborted = std::move(got->aborted);
}

seastar::future<> read_here(cluster& c, std::vector<reading*> mine, std::size_t budget,
                            std::size_t already, reading_rules rules) {
  std::size_t bytes = already;
  for (auto* r : mine) {
    auto* from = c.find(r->key);
    if (!from) {
      r->error =
          c.offline(r->key) ? error_code::kafka_storage_error : error_code::not_leader_or_follower;
      continue;
    }
    co_await read_one(*from, *r, budget > bytes ? budget - bytes : 0, bytes == 0, rules);
    bytes += r->records.size();
    co_await seastar::coroutine::maybe_yield();
  }
}

void locate(const cluster& c, reading& r, bool by_id) {
  const auto& target = r.want->target;
  const auto* t = by_id ? c.catalog().find(target.topic_id) : c.catalog().find(target.topic);
  if (!t) {
    r.error = by_id ? error_code::unknown_topic_id : error_code::unknown_topic_or_partition;
    return;
  }
  if (target.partition < 0 || static_cast<std::size_t>(target.partition) >= t->partitions.size()) {
    r.error = error_code::unknown_topic_or_partition;
    return;
  }
  r.key = {t->id, target.partition};
  r.shard = c.shard_of(r.key);
  r.located = true;
}

std::vector<std::vector<reading*>> by_shard(pass& p) {
  std::vector<std::vector<reading*>> out(seastar::smp::count);
  for (auto& r : p.parts) {
    if (r.located) out[r.shard].push_back(&r);
  }
  return out;
}

seastar::future<pass> read_all(services& with, fetch_plan& plan, const request& r,
                               std::string_view rack, std::size_t budget, reading_rules rules) {
  pass p;
  p.parts.reserve(plan.wants().size());
  for (auto& want : plan.wants()) {
    auto& one = p.parts.emplace_back(reading{.want = &want});
    locate(with.state, one, r.header.version >= 13);
    if (one.located && !rack.empty()) one.closer = replica_in_rack(with.state, one.key, rack);
  }
  // One shard after the other: each may use what the others left of the budget.
  for (auto& mine : by_shard(p)) {
    if (mine.empty()) continue;
    co_await with.state.container().invoke_on(
        mine.front()->shard, [&mine, budget, rules, already = p.bytes](cluster& c) {
          return read_here(c, mine, budget, already, rules);
        });
    for (const auto* one : mine) p.bytes += one->records.size();
  }
  for (const auto& one : p.parts) {
    p.failed |= one.error != error_code::none || one.diverging.has_value() ||
                one.closer != catalog::no_node;
  }
  co_return p;
}

seastar::future<> wait_for_news(services& with, pass& p,
                                seastar::lowres_clock::time_point deadline) {
  const auto id = with.next_wait++ << 8 | seastar::this_shard_id();
  auto shards = by_shard(p);
  std::erase_if(shards, [](const auto& mine) { return mine.empty(); });
  co_await seastar::coroutine::parallel_for_each(
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      shards, [&](std::vector<reading*>& mine) -> seastar::future<> {
        const auto shard = mine.front()->shard;
        std::vector<std::pair<partition_key, offset>> seen;
        seen.reserve(mine.size());
        for (const auto* r : mine) seen.emplace_back(r->key, r->high_watermark);
        co_await with.state.container().invoke_on(
            shard, [id, seen = std::move(seen), deadline](cluster& c) {
              std::vector<news_waits::watched> watched;
              for (const auto& [key, mark] : seen) {
                auto* of = c.find(key);
                if (!of) return seastar::make_ready_future<>();
                watched.push_back({of, mark});
              }
              return c.waits().wait(id, std::move(watched), deadline);
            });
        for (const auto& other : shards) {
          const auto there = other.front()->shard;
          if (there != shard) {
            co_await with.state.container().invoke_on(there,
                                                      [id](cluster& c) { c.waits().cancel(id); });
          }
        }
      });
}

// Whether an incremental answer has to mention the partition; remembers what it was told.
bool has_news(reading& r) {
  auto& want = *r.want;
  const bool news = !r.records.empty() || r.error != error_code::none || r.diverging ||
                    r.closer != catalog::no_node ||
                    r.high_watermark.value() != want.told_high_watermark ||
                    r.log_start.value() != want.told_log_start;
  want.told_high_watermark = r.error == error_code::none ? r.high_watermark.value() : -1;
  want.told_log_start = r.error == error_code::none ? r.log_start.value() : -1;
  return news;
}

kafka::fetch_response::partition told(reading& r, bool committed) {
  kafka::fetch_response::partition p;
  p.partition_index = r.key.partition;
  if (!r.located) p.partition_index = r.want->target.partition;
  p.error = r.error;
  p.high_watermark = r.high_watermark.value();
  p.last_stable_offset = r.last_stable.value();
  p.log_start_offset = r.log_start.value();
  if (!committed) p.aborted_transactions.reset();
  for (const auto& one : r.aborted) {
    auto& aborted = p.aborted_transactions->emplace_back();
    aborted.producer_id = one.producer.value();
    aborted.first_offset = one.first.value();
  }
  if (r.error == error_code::none && !r.diverging) p.preferred_read_replica = r.closer.value();
  p.records = std::move(r.records);
  if (r.diverging) {
    p.diverging_epoch.epoch = r.diverging->epoch;
    p.diverging_epoch.end_offset = r.diverging->end.value();
  }
  return p;
}

bool leader_is_elsewhere(error_code code) {
  return code == error_code::not_leader_or_follower || code == error_code::fenced_leader_epoch;
}

kafka::fetch_response answer_of(services& with, const request& asked, fetch_plan& plan, pass& p,
                                bool committed) {
  kafka::fetch_response out;
  if (plan.session) out.session_id = plan.session->id;
  absl::flat_hash_map<std::pair<std::string_view, uuid>, std::size_t> topics;
  std::vector<fetch_target> served;
  for (auto& r : p.parts) {
    const bool data = !r.records.empty();
    if (!has_news(r) && plan.incremental) continue;
    with.meters.failed(r.error);
    const auto& target = r.want->target;
    const auto [at, fresh] =
        topics.try_emplace({target.topic, target.topic_id}, out.responses.size());
    if (fresh) {
      auto& topic = out.responses.emplace_back();
      topic.topic = text(target.topic);
      topic.topic_id = target.topic_id;
    }
    auto& partitions = out.responses[at->second].partitions;
    partitions.push_back(told(r, committed));
    if (asked.header.version >= tells_leader_since && leader_is_elsewhere(r.error))
      tell_leader(with.state, r.key, partitions.back(), out);
    if (data && plan.session) served.push_back(target);
  }
  // Those who got data are served last the next time, so that a small budget reaches everybody.
  for (const auto& target : served) {
    auto& s = *plan.session;
    s.wants.splice(s.wants.end(), s.wants, s.by_target.at(target));
  }
  return out;
}

seastar::future<kafka::fetch_response> fetch_planned(services& with, request& r,
                                                     const kafka::fetch_request& in,
                                                     fetch_plan& plan) {
  const reading_rules rules{.committed = in.isolation_level == 1,
                            .leader_only = r.header.version < follows_since || in.rack_id.empty()};
  const auto rack = with.state.options().fetch_replica_selector ==
                            fetch_replica_selector_choice::rack_aware_replica_selector
                        ? in.rack_id.view()
                        : std::string_view();
  const auto patience =
      std::clamp(std::chrono::milliseconds(in.max_wait_ms), std::chrono::milliseconds(0), wait_max);
  const auto deadline = seastar::lowres_clock::now() + patience;
  const auto asked =
      std::min<std::size_t>(static_cast<std::size_t>(std::max(in.max_bytes, 0)),
                            static_cast<std::size_t>(with.state.options().fetch_bytes_max));
  const auto least = static_cast<std::size_t>(std::max(in.min_bytes, 0));
  while (true) {
    co_await with.answer_memory.wait(1);
    with.answer_memory.signal(1);
    const auto free = std::max<std::size_t>(with.answer_memory.available_units(), bytes_floor);
    auto p = co_await read_all(with, plan, r, rack, std::min(asked, free), rules);
    const bool enough = p.bytes >= std::min(least, asked) || p.failed || p.parts.empty();
    if (enough || seastar::lowres_clock::now() >= deadline || with.background.stopping()) {
      r.hold_until_written(seastar::consume_units(with.answer_memory, p.bytes));
      co_return answer_of(with, r, plan, p, rules.committed);
    }
    co_await wait_for_news(with, p, deadline);
  }
}

}  // namespace

seastar::future<answer> fetch(services& with, request r) {
  const auto in = decode<kafka::fetch_request>(r);
  auto plan = with.sessions.begin(in);
  if (plan.error != error_code::none) {
    with.meters.failed(plan.error);
    kafka::fetch_response refused;
    refused.error = plan.error;
    co_return encode(r, refused);
  }
  std::exception_ptr failed;
  kafka::fetch_response out;
  try {
    out = co_await fetch_planned(with, r, in, plan);
  } catch (...) {
    failed = std::current_exception();
  }
  with.sessions.end(plan);
  if (failed) std::rethrow_exception(failed);
  co_return encode(r, out);
}

}  // namespace weir::edge
