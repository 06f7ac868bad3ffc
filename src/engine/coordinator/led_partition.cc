#include "engine/coordinator/led_partition.h"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/record/batches.h"
#include "engine/coordinator/coordinator_log.h"

namespace weir {

seastar::logger coordinator_log("coordinator");

namespace {

using namespace std::chrono_literals;

constexpr std::size_t load_bytes = 256 << 10;
// Of one batch; what coordinators write is not packed.
constexpr std::size_t unpacked_max = 64 << 20;
constexpr auto damaged_pause = 5s;

coordinator_error decision_error(replica_error why) {
  switch (why) {
    case replica_error::no_space:
      return coordinator_error::no_space;
    case replica_error::invalid_producer_epoch:
      return coordinator_error::invalid_producer_epoch;
    case replica_error::invalid_transaction:
      return coordinator_error::invalid_transaction;
    default:
      return coordinator_error::not_here;
  }
}

}  // namespace

led_partition::led_partition(replica& of, decider& to, std::function<bool()> there)
    : of_(of),
      decider_(to),
      there_(std::move(there)),
      use_(of.use()),
      on_news_([this] { moved(); }),
      news_(&on_news_),
      on_group_news_([this] { changed_.signal(); }),
      group_news_(&on_group_news_) {
  of_.news().add(news_);
  of_.group_news().add(group_news_);
}

std::optional<std::int32_t> led_partition::led_epoch() const {
  if (!of_.check_serves()) return std::nullopt;
  return of_.leader_epoch();
}

seastar::future<> led_partition::follow() {
  while (!over()) {
    const auto epoch = led_epoch();
    if (!epoch) {
      co_await changed_.wait();
      continue;
    }
    lost_ = false;
    epoch_ = *epoch;
    phase_ = phase::loading;
    decider_.begin();
    const bool loaded = co_await load();
    const bool damaged = !loaded && same_term() && !over();
    if (loaded) {
      phase_ = phase::deciding;
      decider_.loaded();
      co_await changed_.wait([this] { return over() || !same_term(); });
    }
    phase_ = phase::following;
    decider_.end();
    if (damaged) {
      try {
        co_await changed_.wait(damaged_pause);
      } catch (const seastar::condition_variable_timed_out&) {
      }
    }
  }
}

void led_partition::stop() {
  stopped_ = true;
  changed_.broadcast();
}

void led_partition::distrust() {
  lost_ = true;
  changed_.broadcast();
}

void led_partition::moved() {
  if (phase_ == phase::deciding && same_term() && !over()) decider_.committed();
  changed_.signal();
}

std::expected<void, coordinator_error> led_partition::ready() const {
  if (over() || lost_ || phase_ == phase::following)
    return std::unexpected(coordinator_error::not_here);
  if (!same_term()) return std::unexpected(coordinator_error::not_here);
  if (phase_ == phase::loading) return std::unexpected(coordinator_error::loading);
  return of_.takes_decisions().transform_error(decision_error);
}

std::expected<void, coordinator_error> led_partition::ready_for(
    const group::transaction_of& whose, const std::optional<verification>& verified) const {
  if (const auto may = ready(); !may) return may;
  return of_.takes_decisions_of(whose.producer, whose.epoch, verified)
      .transform_error(decision_error);
}

std::expected<std::optional<verification>, coordinator_error> led_partition::begin_verification(
    const group::transaction_of& whose, bool version2, timestamp now) {
  if (const auto may = ready(); !may) return std::unexpected(may.error());
  record::batch_header batch;
  batch.producer = whose.producer;
  batch.epoch = whose.epoch;
  batch.base_sequence = 0;
  return of_.begin_verification(batch, version2, now).transform_error(decision_error);
}

std::expected<offset, replica_error> led_partition::place_marker(
    const log::transaction_marker& marker, int version, timestamp now) {
  if (!ready()) return std::unexpected(replica_error::not_leader);
  return of_.place_marker(marker, version, now).transform([](const placed_batch& placed) {
    return placed.base_offset + 1;
  });
}

std::expected<offset, coordinator_error> led_partition::place(
    const record::validated_batch& batch, timestamp now,
    const std::optional<verification>& verified) {
  const auto placed = of_.place_decision(batch, now, verified);
  if (!placed) {
    coordinator_log.info("{}: what was decided did not get into the log; it is read again", name());
    distrust();
    return std::unexpected(coordinator_error::not_here);
  }
  return placed->base_offset + batch.record_count;
}

seastar::future<bool> led_partition::load() {
  const auto began = std::chrono::steady_clock::now();
  const auto start = of_.start_offset();
  auto at = start;
  while (same_term() && !over()) {
    if (at >= of_.next_offset()) {
      coordinator_log.debug("{}: read {} offsets in {} ms, epoch {}", name(), at - start,
                            (std::chrono::steady_clock::now() - began) / 1ms, epoch_);
      co_return true;
    }
    // All that was there when the term began is committed, or is about to be.
    if (at >= of_.high_watermark()) {
      co_await changed_.wait();
      continue;
    }
    const auto next = co_await load_some(at);
    if (!next) co_return false;
    at = *next;
  }
  co_return false;
}

seastar::future<std::optional<offset>> led_partition::load_some(offset at) {
  const auto read = co_await of_.read(at, load_bytes, true, of_.high_watermark());
  if (!same_term() || over()) co_return std::nullopt;
  if (!read) {
    if (read.error() == replica_error::offset_out_of_range && at < of_.start_offset())
      co_return of_.start_offset();
    if (read.error() != replica_error::not_leader)
      coordinator_log.error(
          "{}: its log can't be read at offset {}: its groups or transactions are not served here",
          name(), at);
    co_return std::nullopt;
  }
  if (!co_await replay(read->batches, at)) co_return std::nullopt;
  // What compaction took away leaves nothing to read.
  co_return std::max(read->next, at + 1);
}

seastar::future<bool> led_partition::replay(fragments batches, offset from) {
  record::batch_walk walk(batches);
  while (true) {
    const auto batch = walk.next();
    if (!batch) co_return complain(offset(-1), "no batch");
    if (!*batch) co_return true;
    const auto& [header, all] = **batch;
    if (header.control()) {
      const auto seen = record::read_marker(header, all);
      if (seen && *seen) decider_.replay_marker(header, **seen);
      continue;
    }
    record::record_reader records(header, all, unpacked_max);
    record::record r;
    while (true) {
      const auto more = records.next(r);
      if (!more) co_return complain(header.base_offset, records.complaint());
      if (!*more) break;
      if (r.offset >= from && !decider_.replay(header, r))
        co_return complain(r.offset, "a record that this version does not know");
      co_await seastar::coroutine::maybe_yield();
      if (!same_term() || over()) co_return false;
    }
  }
}

bool led_partition::complain(offset at, std::string_view what) const {
  coordinator_log.error(
      "{}: {} at offset {}: its groups or transactions are not served by this broker", name(), what,
      at);
  return false;
}

}  // namespace weir
