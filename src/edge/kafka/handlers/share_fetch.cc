// ShareFetch: records for a member of a share group, each for a while (KIP-932). First what the
// member has to say of those that it had; then what there is, partition by partition; where that is
// too little, again after any of them had news, until the deadline.
#include "core/codec/share_fetch.h"

#include <absl/container/flat_hash_map.h>

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/share_requests.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using message = kafka::share_fetch_request;
using response = kafka::share_fetch_response;

constexpr std::chrono::milliseconds wait_max{60'000};
// Read at least this much where the answers' memory is nearly used up, so that everybody gets on.
constexpr std::size_t bytes_floor = 1 << 20;
constexpr std::int8_t mode_batches = 0;  // KIP-1206
constexpr std::int8_t mode_records = 1;

std::size_t at_least_zero(std::int32_t n) {
  return static_cast<std::size_t>(std::max(n, 0));
}

// What must not be said, whatever the session's state.
error_code check(const message& in, const std::vector<share_said>& said) {
  if (!in.group_id || in.group_id->empty() || !in.member_id || in.member_id->empty())
    return error_code::invalid_request;
  // Nobody has anything before the first fetch.
  if (in.share_session_epoch == share::share_sessions::epoch_first && !said.empty())
    return error_code::invalid_request;
  // One that renews fetches nothing (KIP-1222).
  if (in.is_renew_ack &&
      (in.max_wait_ms != 0 || in.min_bytes != 0 || in.max_bytes != 0 || in.max_records != 0))
    return error_code::invalid_request;
  if (in.share_acquire_mode != mode_batches && in.share_acquire_mode != mode_records)
    return error_code::invalid_request;
  return error_code::none;
}

std::vector<share_want> wants_of(const services& with, const std::vector<partition_key>& keys) {
  std::vector<share_want> out;
  out.reserve(keys.size());
  for (const auto& key : keys) {
    auto& want = out.emplace_back();
    want.key = key;
    want.error = find_partition(with, key);
    want.located = want.error == error_code::none;
  }
  return out;
}

struct found {
  std::size_t bytes = 0;
  bool some = false;
  bool failed = false;
};

found look_through(const std::vector<share_want>& wants) {
  found out;
  for (const auto& w : wants) {
    out.bytes += w.taken.bytes;
    out.some |= !w.taken.ranges.empty();
    out.failed |= w.error != error_code::none;
  }
  return out;
}

// Takes what there is into `wants`. False: the client has left.
seastar::future<bool> take(services& with, request& r, const share_reader& by, const message& in,
                           std::vector<share_want>& wants) {
  const auto patience =
      std::clamp(std::chrono::milliseconds(in.max_wait_ms), std::chrono::milliseconds(0), wait_max);
  const auto deadline = seastar::lowres_clock::now() + patience;
  const auto asked = std::min(at_least_zero(in.max_bytes),
                              static_cast<std::size_t>(with.state.options().fetch_bytes_max));
  share_budget budget{.records = in.max_records,
                      .batch_size = in.batch_size,
                      .exact = in.share_acquire_mode == mode_records,
                      .at_least_one = true};
  const auto least = std::min(at_least_zero(in.min_bytes), asked);
  bool enough = least <= 1;  // whether there is need not be looked at first
  while (true) {
    co_await with.answer_memory.wait(1);
    with.answer_memory.signal(1);
    const auto free = std::max<std::size_t>(with.answer_memory.available_units(), bytes_floor);
    budget.bytes = std::min(asked, free);
    const bool late = seastar::lowres_clock::now() >= deadline || with.background.stopping();
    budget.look_only = !enough && !late;
    if (r.gone && r.gone->abort_requested()) co_return false;
    co_await with.shares.pass(by, wants, budget);
    const auto there = look_through(wants);
    if (budget.look_only && there.bytes >= least) {
      enough = true;
      continue;
    }
    if (there.some || there.failed || late || wants.empty()) {
      r.hold_until_written(seastar::consume_units(with.answer_memory, there.bytes));
      co_return true;
    }
    enough = least <= 1;
    // Nobody gets a record who has left meanwhile.
    if (r.waits_for_others) std::exchange(r.waits_for_others, nullptr)();
    co_await with.shares.wait(by, wants, deadline);
  }
}

// One answer of each partition that there is something to say of.
class answers {
 public:
  answers(services& with, response& to) : with_(with), to_(to) {}

  void add(share_want& w) {
    auto& p = of(w.key);
    with_.meters.failed(w.error);
    p.error = w.error;
    p.records = std::move(w.taken.records);
    for (const auto& r : w.taken.ranges) {
      auto& range = p.acquired_records.emplace_back();
      range.first_offset = r.first.value();
      range.last_offset = r.last.value();
      range.delivery_count = r.delivery_count;
    }
    if (w.error == error_code::not_leader_or_follower) tell_leader(with_.state, w.key, p, to_);
  }
  void add(const share_said& said) {
    auto& p = of(said.key);
    p.acknowledge_error = said.fault.code;
    p.acknowledge_error_message = message_of_fault(said.fault);
    if (said.fault.code == error_code::not_leader_or_follower)
      tell_leader(with_.state, said.key, p, to_);
  }

 private:
  response::partition& of(const partition_key& key) {
    const auto [at, fresh] = places_.try_emplace(key);
    if (fresh) {
      const auto [topic, anew] = topics_.try_emplace(key.topic_id, to_.responses.size());
      if (anew) to_.responses.emplace_back().topic_id = key.topic_id;
      auto& partitions = to_.responses[topic->second].partitions;
      at->second = {topic->second, partitions.size()};
      auto& p = partitions.emplace_back();
      p.partition_index = key.partition;
      p.records = fragments();
    }
    return to_.responses[at->second.first].partitions[at->second.second];
  }

  services& with_;
  response& to_;
  absl::flat_hash_map<uuid, std::size_t> topics_;
  absl::flat_hash_map<partition_key, std::pair<std::size_t, std::size_t>> places_;
};

seastar::future<std::optional<response>> fetch_shares(services& with, request& r, message in) {
  response out;
  auto said = acknowledgements_of(in.topics, in.is_renew_ack);
  const auto refuse = [&](error_code code) {
    with.meters.failed(code);
    out.error = code;
  };
  if (const auto wrong = check(in, said); wrong != error_code::none) {
    refuse(wrong);
    co_return out;
  }
  const share_reader by{.group = in.group_id->str(), .member = in.member_id->str()};
  auto turn = co_await take_turn(with, r,
                                 {.key = {by.group, by.member},
                                  .epoch = in.share_session_epoch,
                                  .named = partitions_of(in.topics),
                                  .forgotten = partitions_of(in.forgotten_topics_data)},
                                 true);
  if (!turn) {
    refuse(turn.error());
    co_return out;
  }
  co_await say_all(with, by, said);
  std::vector<share_want> wants;
  if (turn->ended) {
    co_await with.shares.release(by, std::move(turn->touched));
  } else if (!in.is_renew_ack) {
    wants = wants_of(with, turn->wanted);
    if (!co_await take(with, r, by, in, wants)) co_return std::nullopt;
  }
  out.acquisition_lock_timeout_ms = with.shares.rules_of(by.group).deliveries.lock_duration_ms;
  answers to(with, out);
  for (auto& w : wants) {
    if (turn->began || w.error != error_code::none || !w.taken.ranges.empty()) to.add(w);
  }
  for (const auto& one : said) to.add(one);
  co_return out;
}

}  // namespace

seastar::future<answer> share_fetch(services& with, request r) {
  own_bytes(r);
  auto in = decode<message>(r);
  const auto out = co_await fetch_shares(with, r, std::move(in));
  if (!out) co_return std::nullopt;
  co_return encode(r, *out);
}

}  // namespace weir::edge
