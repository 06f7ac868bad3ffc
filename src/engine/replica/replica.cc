#include "engine/replica/replica.h"

#include <seastar/core/coroutine.hh>

#include "core/base/check.h"

namespace weir {
namespace {

replica_error error_of(store::read_fault fault) {
  switch (fault) {
    case store::read_fault::out_of_range:
      return replica_error::offset_out_of_range;
    case store::read_fault::damaged:
      return replica_error::damaged;
  }
  weir_check(false, "read fault {}", static_cast<int>(fault));
}

template <typename T>
std::expected<T, replica_error> mapped(std::expected<T, store::read_fault> from) {
  if (!from) return std::unexpected(error_of(from.error()));
  return *std::move(from);
}

}  // namespace

replica_error error_of(log::sequence_error error) {
  switch (error) {
    case log::sequence_error::out_of_order:
      return replica_error::out_of_order_sequence;
    case log::sequence_error::invalid_epoch:
      return replica_error::invalid_producer_epoch;
    case log::sequence_error::bad_sequence:
      return replica_error::bad_sequence;
    case log::sequence_error::invalid_transaction:
      return replica_error::invalid_transaction;
    case log::sequence_error::coordinator_fenced:
      return replica_error::coordinator_fenced;
  }
  weir_check(false, "sequence error {}", static_cast<int>(error));
}

std::expected<placed_batch, replica_error> replica::put(const proposal& wanted,
                                                        std::uint32_t offsets) {
  keep_awake();
  const raft::entry_head head{.offset_count = offsets,
                              .size = static_cast<std::uint32_t>(wanted.body.size())};
  auto out = raft_.propose({&head, 1});
  const placed_batch placed{.index = out.append.front().index,
                            .term = out.append.front().term,
                            .base_offset = log_->next_offset(),
                            .append_time = wanted.now,
                            .log_start = start_offset()};
  perform(std::move(out), {.own = &wanted});
  return placed;
}

// Only where all that was acknowledged is known to be in the log.
std::expected<void, replica_error> replica::may_place() {
  if (stopped_) return std::unexpected(replica_error::not_leader);
  if (!takes_part()) return std::unexpected(replica_error::storage);
  if (alone() && raft_.current_role() != raft::role::leader) lead();
  // A leader of nobody else has everything in its own log before it is committed.
  if (cutting_ || !raft_.accepts_proposals() || (!alone() && !raft_.serving()))
    return std::unexpected(replica_error::not_leader);
  return {};
}

std::expected<placed_batch, replica_error> replica::place(const record::validated_batch& batch,
                                                          timestamp now,
                                                          std::optional<verification> verified) {
  if (const auto may = may_place(); !may) return std::unexpected(may.error());
  if (batch.header.has_producer()) {
    const auto producer = batch.header.producer;
    const auto known = log_->producers().check(
        {.producer = producer,
         .epoch = batch.header.epoch,
         .first = batch.header.base_sequence,
         .record_count = static_cast<std::uint32_t>(batch.record_count),
         .transactional = batch.header.transactional()},
        {.verified = holds(verified, producer),
         .from_zero = verified && verified->from_zero,
         .lowest = verifications_.lowest(producer)},
        log_->next_offset() == offset(0) ? log::log_age::unused : log::log_age::lived);
    if (!known) return std::unexpected(error_of(known.error()));
    if (*known) {
      return placed_batch{.index = (*known)->index,
                          .term = raft_.log().term_at((*known)->index).value_or(term{}),
                          .base_offset = (*known)->base_offset,
                          .append_time = (*known)->max_timestamp,
                          .log_start = start_offset(),
                          .duplicate = true};
    }
  }
  // What is stored already was answered above; only new data needs room.
  if (!log_->takes_data()) return std::unexpected(replica_error::no_space);
  return put_batch(batch, now);
}

std::expected<void, replica_error> replica::takes_decisions() {
  if (const auto may = may_place(); !may) return std::unexpected(may.error());
  if (log_->waits_for_space()) return std::unexpected(replica_error::no_space);
  return {};
}

std::expected<void, replica_error> replica::takes_decisions_of(
    producer_id producer, producer_epoch epoch, const std::optional<verification>& verified) {
  if (const auto may = takes_decisions(); !may) return std::unexpected(may.error());
  const auto* known = log_->producers().find(producer);
  if (known && epoch < known->epoch) return std::unexpected(replica_error::invalid_producer_epoch);
  if (!log_->producers().in_transaction(producer, epoch) && !holds(verified, producer))
    return std::unexpected(replica_error::invalid_transaction);
  return {};
}

std::expected<placed_batch, replica_error> replica::place_decision(
    const record::validated_batch& batch, timestamp now, std::optional<verification> verified) {
  const auto may = batch.header.transactional()
                       ? takes_decisions_of(batch.header.producer, batch.header.epoch, verified)
                       : takes_decisions();
  if (!may) return std::unexpected(may.error());
  return put_batch(batch, now);
}

std::expected<placed_batch, replica_error> replica::put_batch(const record::validated_batch& batch,
                                                              timestamp now) {
  if (batch.header.transactional()) verifications_.ended(batch.header.producer);
  auto header = batch.header;
  header.base_offset = log_->next_offset();
  const auto body = record::rewrite_place(batch.all, header.base_offset, leader_epoch());
  return put({.kind = log::frame_kind::batch, .body = body, .batch = &header, .now = now},
             static_cast<std::uint32_t>(batch.record_count));
}

std::expected<placed_batch, replica_error> replica::place_command(std::string body, timestamp now) {
  if (const auto may = may_place(); !may) return std::unexpected(may.error());
  const fragments command(bytes::from(std::move(body)));
  return put({.kind = log::frame_kind::command, .body = command, .batch = nullptr, .now = now}, 1);
}

// Between the two calls the entry may have been cut off, and another one be in its place.
seastar::future<> replica::wait_committed(log_index index, term in) {
  // A repeat of what was trimmed long ago has no term, and was committed when it was told of.
  const bool was_there = in == term{} && index <= raft_.log().base().index;
  const bool is_there = was_there || raft_.log().term_at(index) == in;
  const auto leads = raft_.current_role() == raft::role::leader;
  if (!is_there || (!leads && index > raft_.commit_index()))
    return seastar::make_exception_future<>(leadership_lost(log_->name()));
  return commit_.wait_for(index);
}

seastar::future<std::expected<store::read_result, replica_error>> replica::read(
    offset from, std::size_t bytes, bool at_least_one, offset below, bool committed) {
  if (raft_.current_role() == raft::role::leader && !raft_.serving() && !alone())
    co_return std::unexpected(replica_error::not_leader);
  if (from < start_offset()) co_return std::unexpected(replica_error::offset_out_of_range);
  const store::read_limits limits{
      .below = std::min(below, high_watermark_), .bytes = bytes, .at_least_one = at_least_one};
  if (committed) co_return mapped(co_await log_->read_committed(from, limits));
  co_return mapped(co_await log_->read(from, limits));
}

seastar::future<> replica::replay(
    std::function<void(const log::frame_head&, const fragments&)> each) {
  return log_->replay([each = std::move(each), last = raft_.commit_index()](
                          const log::frame_head& head, const fragments& body) {
    if (head.is_entry() && head.index <= last) each(head, body);
  });
}

seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>>
replica::find_time(timestamp time, offset below) {
  co_await start_reached();
  co_return mapped(co_await log_->find_time(time, std::min(below, high_watermark_)));
}

seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>>
replica::latest_time(offset below) {
  co_await start_reached();
  co_return mapped(co_await log_->latest_time(std::min(below, high_watermark_)));
}

std::expected<void, replica_error> replica::check_serves() const {
  if (alone() ? !stopped_ && knows_all() : takes_part() && raft_.serving()) return {};
  return std::unexpected(replica_error::not_leader);
}

// Who is alone without having led the others knows the same of the last entries as a new leader.
bool replica::knows_all() const {
  if (raft_.serving() || raft_.last_index() == log_index{}) return true;
  return raft_.current_role() == raft::role::leader &&
         raft_.log().term_at(log_index(1)) == raft_.current_term();
}

raft::leadership replica::leadership() const {
  return {.role = raft_.current_role(), .term = raft_.current_term(), .leader = raft_.leader()};
}

std::expected<void, replica_error> replica::check_epoch(std::int32_t epoch) const {
  if (epoch < 0 || epoch == leader_epoch()) return {};
  return std::unexpected(epoch < leader_epoch() ? replica_error::fenced_leader_epoch
                                                : replica_error::unknown_leader_epoch);
}

epoch_end replica::end_of_epoch(std::int32_t epoch) const {
  if (epoch < 0) return {};
  const weir::term asked{static_cast<std::uint64_t>(epoch)};
  if (epoch == leader_epoch()) return {.epoch = epoch, .end = log_->next_offset()};
  const auto end = log_->terms().end_of(asked, log_->next_offset());
  if (!end) return {};
  // Terms are known from the first segment's start on, which may lie below the log's.
  return {.epoch = static_cast<std::int32_t>(end->term.value()),
          .end = std::max(end->end, start_offset())};
}

std::int32_t replica::epoch_at(offset at) const {
  if (at >= log_->next_offset()) return leader_epoch();
  const auto term = log_->terms().term_at(at);
  return term ? static_cast<std::int32_t>(term->value()) : -1;
}

std::optional<epoch_end> replica::diverging(std::int32_t epoch, offset from) const {
  if (epoch < 0) return std::nullopt;
  const auto end = end_of_epoch(epoch);
  if (end.epoch < 0 || (end.epoch == epoch && from <= end.end)) return std::nullopt;
  return end;
}

seastar::future<> replica::maintain() {
  if (cutting_ || stopped_) co_return;
  const auto before = start_offset();
  log_->producers().expire(log_->now(), options_.producer_expiration_ms);
  verifications_.expire(log_->now(), options_.producer_expiration_ms);
  co_await log_->enforce_retention(options_.retention,
                                   std::min(raft_.commit_index(), log_->durable_index()));
  tell_trimmed();
  if (start_offset() != before) news_.notify();
}

log::compaction_plan replica::compaction_plan() const {
  if (!compacts()) return {};
  return log_->plan_compaction(options_.compaction, compaction_bounds());
}

seastar::future<bool> replica::compact(std::size_t memory, store::io_pace& pace,
                                       seastar::abort_source& abort) {
  if (!compacts() || cutting_ || stopped_) co_return false;
  const bool done = co_await log_->compact({.rules = options_.compaction,
                                            .bounds = compaction_bounds(),
                                            .segment_bytes = options_.roll.segment_bytes,
                                            .levels = options_.compression_levels,
                                            .memory = memory,
                                            .pace = &pace,
                                            .abort = &abort});
  tell_forgotten();
  co_return done;
}

void replica::set_options(replica_options options) {
  options_ = options;
  log_->set_rules(options.roll);
}

seastar::future<> replica::stop() {
  co_await end();
  co_await log_->stop();
  commit_.fail(std::make_exception_ptr(seastar::gate_closed_exception()));
  news_.notify();
}

seastar::future<bool> replica::hand_on() {
  co_await end();
  const bool whole = co_await log_->leave_shard(raft_.commit_index());
  commit_.fail(std::make_exception_ptr(seastar::gate_closed_exception()));
  news_.notify();
  co_return whole;
}

seastar::future<> replica::end() {
  stopped_ = true;
  unlink();
  news_.notify();
  group_news_.notify();
  refuse_reads();
  waiting_.clear();
  held_.clear();
  // A log that is being cut is not closed before.
  co_await fibers_.stop();
}

}  // namespace weir
