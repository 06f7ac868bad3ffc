// Produce: checks every batch here, places them on the shards of their partitions in the order of
// the connection's requests, answers as `acks` asks. acks=all waits for the commit: on disk,
// flushed.
#include <seastar/core/coroutine.hh>
#include <seastar/core/when_all.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/maybe_yield.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include "core/codec/produce.h"
#include "core/record/batches.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/leader_told.h"
#include "edge/kafka/produce_parts.h"
#include "edge/kafka/produce_rules.h"
#include "edge/kafka/services.h"
#include "engine/coordinator/internal_topics.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using partition_response = kafka::produce_response::partition_response;

constexpr std::int16_t tells_leader_since = 10;
constexpr std::int16_t acks_none = 0;
constexpr std::int16_t acks_leader = 1;
constexpr std::int16_t acks_all = -1;

void refuse_batch(partition_response& out, const record::produce_refusal& why) {
  refuse(out, code_of(why.fault), why.message);
  for (const auto& fault : why.records) {
    auto& told = out.record_errors.emplace_back();
    told.batch_index = fault.batch_index;
    if (!fault.message.empty()) told.batch_index_error_message = text(fault.message);
  }
}

seastar::future<std::expected<record::validated_batch, record::produce_refusal>> check(
    fragments records, record::produce_rules rules, std::int16_t version) {
  auto produced = record::take_produced_batch(records, version);
  if (!produced) co_return std::unexpected(std::move(produced).error());
  record::validation checking(*std::move(produced), std::move(rules));
  while (!checking.step()) co_await seastar::coroutine::maybe_yield();
  co_return checking.result();
}

// On the partitions' shard, one after the other in order.
seastar::future<> place_here(cluster& c, std::vector<produce_part*> parts, timestamp now) {
  for (auto* p : parts) {
    auto* r = c.find(p->key);
    if (!r) {
      p->placed =
          std::unexpected(c.offline(p->key) ? replica_error::storage : replica_error::not_leader);
      continue;
    }
    const auto use = r->use();
    co_await r->wait_room();
    p->placed = r->place(p->batch, now, p->verified);
  }
}

seastar::future<> await_commit(replica* r, produce_part* p,
                               seastar::lowres_clock::time_point deadline) {
  const auto use = r->use();
  try {
    co_await seastar::with_timeout(deadline, r->wait_committed(p->placed->index, p->placed->term));
  } catch (const seastar::timed_out_error&) {
    p->out->error = error_code::request_timed_out;
  } catch (const storage_failed&) {
    p->out->error = error_code::kafka_storage_error;
  } catch (...) {
    p->out->error = error_code::not_leader_or_follower;  // closing or deleted: its end is not known
  }
}

seastar::future<> commit_here(cluster& c, std::vector<produce_part*> parts,
                              std::chrono::milliseconds patience) {
  const auto deadline = seastar::lowres_clock::now() + patience;
  std::vector<seastar::future<>> waits;
  for (auto* p : parts) {
    if (auto* r = c.find(p->key)) {
      waits.push_back(await_commit(r, p, deadline));
    } else {
      p->out->error = error_code::unknown_topic_or_partition;
    }
  }
  co_await seastar::when_all_succeed(waits.begin(), waits.end());
}

void tell(produce_part& p) {
  auto& out = *p.out;
  if (!p.placed) {
    const bool full = p.placed.error() == replica_error::no_space;
    refuse(out, code_of(p.placed.error()), full ? "the broker's disk is full, or nearly" : "");
    return;
  }
  out.base_offset = p.placed->base_offset.value();
  out.log_start_offset = p.placed->log_start.value();
  if (p.append_time || p.placed->duplicate) out.log_append_time_ms = p.placed->append_time.value();
}

}  // namespace

seastar::future<answer> produce(services& with, request r) {
  auto in = decode<kafka::produce_request>(r);
  kafka::produce_response out;
  std::vector<produce_part> parts;
  const auto now = wall_clock();
  const bool by_id = r.header.version >= 13;
  const bool acks_known = in.acks == acks_none || in.acks == acks_leader || in.acks == acks_all;
  const auto not_one_transaction = check_transactional(in);
  for (auto& topic : in.topic_data) {
    auto& answered = out.responses.emplace_back();
    answered.name = topic.name;
    answered.topic_id = topic.topic_id;
    answered.partition_responses.resize(topic.partition_data.size());
  }
  for (std::size_t t = 0; t < in.topic_data.size(); ++t) {
    auto& topic = in.topic_data[t];
    for (std::size_t i = 0; i < topic.partition_data.size(); ++i) {
      auto& asked = topic.partition_data[i];
      auto& told = out.responses[t].partition_responses[i];
      told.index = asked.index;
      if (!acks_known || not_one_transaction != error_code::none) {
        refuse(told, acks_known ? not_one_transaction : error_code::invalid_required_acks);
        continue;
      }
      const auto* known = by_id ? with.state.catalog().find(topic.topic_id)
                                : with.state.catalog().find(topic.name.view());
      if (!known) {
        refuse(told, by_id ? error_code::unknown_topic_id : error_code::unknown_topic_or_partition);
        continue;
      }
      if (is_internal_topic(known->name)) {
        refuse(told, error_code::invalid_topic_exception,
               fmt::format("Cannot append to internal topic {}", known->name));
        continue;
      }
      if (asked.index < 0 || static_cast<std::size_t>(asked.index) >= known->partitions.size()) {
        refuse(told, error_code::unknown_topic_or_partition);
        continue;
      }
      const partition_key key{known->id, asked.index};
      const auto& rules = with.rules.of(with.state, *known);
      if (in.acks == acks_all &&
          known->partitions[static_cast<std::size_t>(asked.index)].replicas().size() <
              rules.min_insync) {
        refuse(told, error_code::not_enough_replicas);
        continue;
      }
      const bool append_time = rules.record.timestamps == record::timestamp_kind::log_append_time;
      auto checked =
          co_await check(asked.records ? *asked.records : fragments{},
                         rules.for_partition(known->name, asked.index, now), r.header.version);
      if (!checked) {
        refuse_batch(told, checked.error());
        continue;
      }
      parts.push_back({.key = key,
                       .shard = with.state.shard_of(key),
                       .batch = *std::move(checked),
                       .append_time = append_time,
                       .out = &told});
    }
  }
  if (in.transactional_id) {
    co_await verify_transactions(with, r.header.version, std::string(in.transactional_id->view()),
                                 parts);
    std::erase_if(parts, [](const produce_part& p) { return p.refused(); });
  }
  std::vector<std::vector<produce_part*>> by_shard(seastar::smp::count);
  for (auto& p : parts) by_shard[p.shard].push_back(&p);
  co_await seastar::coroutine::parallel_for_each(by_shard, [&](std::vector<produce_part*>& mine) {
    if (mine.empty()) return seastar::make_ready_future<>();
    return with.state.container().invoke_on(
        mine.front()->shard, [mine, now](cluster& c) { return place_here(c, mine, now); });
  });
  r.next_may_start();
  for (auto& p : parts) tell(p);
  if (in.acks == acks_all) {
    const auto patience = std::chrono::milliseconds(std::clamp(in.timeout_ms, 0, INT32_MAX));
    co_await seastar::coroutine::parallel_for_each(by_shard, [&](std::vector<produce_part*>& mine) {
      std::erase_if(mine, [](const produce_part* p) { return !p->placed; });
      if (mine.empty()) return seastar::make_ready_future<>();
      return with.state.container().invoke_on(mine.front()->shard, [mine, patience](cluster& c) {
        return commit_here(c, mine, patience);
      });
    });
  }
  for (const auto& p : parts) {
    if (r.header.version >= tells_leader_since &&
        p.out->error == error_code::not_leader_or_follower)
      tell_leader(with.state, p.key, *p.out, out);
  }
  bool failed = false;
  for (const auto& topic : out.responses) {
    for (const auto& p : topic.partition_responses) {
      with.meters.failed(p.error);
      failed |= p.error != error_code::none;
    }
  }
  if (in.acks == acks_none) {
    // No answer is expected: closing is the only way to make the client look at its metadata again.
    if (failed) throw protocol_violation("a produce request with acks=0 failed");
    co_return std::nullopt;
  }
  co_return encode(r, out);
}

}  // namespace weir::edge
