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

replica_error error_of(log::sequence_error error) {
  switch (error) {
    case log::sequence_error::out_of_order:
      return replica_error::out_of_order_sequence;
    case log::sequence_error::invalid_epoch:
      return replica_error::invalid_producer_epoch;
    case log::sequence_error::bad_sequence:
      return replica_error::bad_sequence;
  }
  weir_check(false, "sequence error {}", static_cast<int>(error));
}

// One voter for now: this node.
raft::stored_state stored_in(const store::partition_log& log, node_id self) {
  raft::stored_state out{
      .last_vote = {.term = log.last_vote().term, .voted_for = log.last_vote().voted_for},
      .base = {.term = log.last_term(), .index = log.last_index()},
      .last_index = log.last_index(),
      .members = {.voters = {self}},
  };
  for (const auto& entry : log.terms().entries()) {
    if (entry.first_index > log.last_index()) break;  // all entries are trimmed
    if (out.terms.empty()) out.base = {.index = entry.first_index - 1};
    out.terms.push_back({.term = entry.term, .first = entry.first_index});
  }
  return out;
}

template <typename T>
std::expected<T, replica_error> mapped(std::expected<T, store::read_fault> from) {
  if (!from) return std::unexpected(error_of(from.error()));
  return *std::move(from);
}

}  // namespace

replica::replica(node_id self, std::unique_ptr<store::partition_log> log, replica_options options)
    : log_(std::move(log)), raft_(self, stored_in(*log_, self), {}, 0), options_(options) {
  log_->on_durable([this](log_index through) {
    if (log_->failed()) {
      commit_.fail(std::make_exception_ptr(storage_failed(log_->name())));
      news_.notify();
      return;
    }
    perform(raft_.durable(through));
  });
}

seastar::future<std::unique_ptr<replica>> replica::open(store::shared_store& shared, node_id self,
                                                        store::log_identity identity,
                                                        std::string directory,
                                                        replica_options options) {
  auto log = co_await store::partition_log::open(shared, std::move(identity), std::move(directory),
                                                 options.roll, options.producers_max);
  std::unique_ptr<replica> opened(new replica(self, std::move(log), options));
  // An empty log has nothing that could be committed or not: it elects with its first entry, in the
  // same flush.
  if (opened->log_->last_index() > log_index{}) {
    opened->uncommitted_.push_back({opened->log_->last_index(), opened->log_->next_offset()});
    opened->lead();
    co_await opened->commit_.wait_for(opened->raft_.last_index());
  }
  co_return std::move(opened);
}

void replica::lead() {
  // Alone in the set it leads at once, whatever the time.
  perform(raft_.tick({}));
}

void replica::perform(const raft::effects& out) {
  const auto now = log_->now();
  if (out.save_vote) {
    const auto encoded =
        log::encode(log::vote{.term = out.save_vote->term, .voted_for = out.save_vote->voted_for});
    const fragments body(bytes::copy({encoded.data(), encoded.size()}));
    log_->append({.kind = log::frame_kind::vote,
                  .body_size = static_cast<std::uint32_t>(body.size()),
                  .body_crc = log::body_crc(body),
                  .term = out.save_vote->term,
                  .index = log_->last_index() + 1,
                  .base_offset = log_->next_offset(),
                  .append_time = now},
                 body, nullptr);
  }
  for (const auto& entry : out.append) {
    weir_check(entry.kind == raft::entry_kind::term_start, "{}: entry {} of kind {}", log_->name(),
               entry.index, static_cast<int>(entry.kind));
    log_->append({.kind = log::frame_kind::term_start,
                  .term = entry.term,
                  .index = entry.index,
                  .base_offset = log_->next_offset(),
                  .append_time = now},
                 {}, nullptr);
    uncommitted_.push_back({entry.index, log_->next_offset()});
  }
  if (out.commit) move_commit(*out.commit);
}

void replica::move_commit(log_index to) {
  const auto before = high_watermark_;
  while (!uncommitted_.empty() && uncommitted_.front().index <= to) {
    high_watermark_ = uncommitted_.front().end;
    uncommitted_.pop_front();
  }
  commit_.advance(to);
  if (high_watermark_ != before) news_.notify();
}

std::expected<placed_batch, replica_error> replica::put(log::frame_kind kind, const fragments& body,
                                                        const record::batch_header* batch,
                                                        std::uint32_t offsets, timestamp now) {
  const raft::entry_head wanted{.offset_count = offsets,
                                .size = static_cast<std::uint32_t>(body.size())};
  const auto out = raft_.propose({&wanted, 1});
  const auto& entry = out.append.front();
  const auto base = log_->next_offset();
  log_->append({.kind = kind,
                .body_size = entry.size,
                .body_crc = batch ? batch->crc : log::body_crc(body),
                .term = entry.term,
                .index = entry.index,
                .base_offset = base,
                .offset_count = offsets,
                .append_time = now},
               body, batch);
  uncommitted_.push_back({entry.index, log_->next_offset()});
  return placed_batch{
      .index = entry.index, .base_offset = base, .append_time = now, .log_start = start_offset()};
}

std::expected<placed_batch, replica_error> replica::place(const record::validated_batch& batch,
                                                          timestamp now) {
  if (stopped_) return std::unexpected(replica_error::not_leader);
  if (log_->failed()) return std::unexpected(replica_error::storage);
  if (raft_.current_role() != raft::role::leader) lead();
  if (batch.header.has_producer()) {
    const auto known =
        log_->producers().check({.producer = batch.header.producer,
                                 .epoch = batch.header.epoch,
                                 .first = batch.header.base_sequence,
                                 .record_count = static_cast<std::uint32_t>(batch.record_count)});
    if (!known) return std::unexpected(error_of(known.error()));
    if (*known) {
      return placed_batch{.index = (*known)->index,
                          .base_offset = (*known)->base_offset,
                          .append_time = (*known)->max_timestamp,
                          .log_start = start_offset(),
                          .duplicate = true};
    }
  }
  // What is stored already was answered above; only new data needs room.
  if (!log_->takes_data()) return std::unexpected(replica_error::no_space);
  auto header = batch.header;
  header.base_offset = log_->next_offset();
  const auto body = record::rewrite_place(batch.all, header.base_offset, leader_epoch());
  return put(log::frame_kind::batch, body, &header, static_cast<std::uint32_t>(batch.record_count),
             now);
}

std::expected<placed_batch, replica_error> replica::place_command(std::string body, timestamp now) {
  if (stopped_) return std::unexpected(replica_error::not_leader);
  if (log_->failed()) return std::unexpected(replica_error::storage);
  if (raft_.current_role() != raft::role::leader) lead();
  return put(log::frame_kind::command, fragments(bytes::from(std::move(body))), nullptr, 1, now);
}

seastar::future<std::expected<store::read_result, replica_error>> replica::read(offset from,
                                                                                std::size_t bytes,
                                                                                bool at_least_one,
                                                                                offset below) {
  co_return mapped(
      co_await log_->read(from, {.below = below, .bytes = bytes, .at_least_one = at_least_one}));
}

seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>>
replica::find_time(timestamp time, offset below) {
  co_return mapped(co_await log_->find_time(time, below));
}

seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>>
replica::latest_time(offset below) {
  co_return mapped(co_await log_->latest_time(below));
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
  return {.epoch = static_cast<std::int32_t>(end->term.value()), .end = end->end};
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

seastar::future<std::expected<offset, replica_error>> replica::delete_records(offset before) {
  if (log_->failed()) co_return std::unexpected(replica_error::storage);
  std::expected<void, log::delete_error> done;
  try {
    done = co_await log_->delete_below(before, high_watermark_, raft_.commit_index());
  } catch (const store::no_space&) {
    co_return std::unexpected(replica_error::no_space);
  }
  if (!done) co_return std::unexpected(replica_error::offset_out_of_range);
  news_.notify();
  co_return start_offset();
}

seastar::future<> replica::maintain() {
  const auto before = start_offset();
  log_->producers().expire(log_->now(), options_.producer_expiration_ms);
  co_await log_->enforce_retention(options_.retention, raft_.commit_index());
  if (start_offset() != before) news_.notify();
}

log::compaction_plan replica::compaction_plan() const {
  return log_->plan_compaction(options_.compaction, compaction_bounds());
}

seastar::future<bool> replica::compact(std::size_t memory, store::io_pace& pace,
                                       seastar::abort_source& abort) {
  return log_->compact({.rules = options_.compaction,
                        .bounds = compaction_bounds(),
                        .segment_bytes = options_.roll.segment_bytes,
                        .levels = options_.compression_levels,
                        .memory = memory,
                        .pace = &pace,
                        .abort = &abort});
}

void replica::set_options(replica_options options) {
  options_ = options;
  log_->set_rules(options.roll);
}

seastar::future<> replica::stop() {
  stopped_ = true;
  news_.notify();
  co_await log_->stop();
  commit_.fail(std::make_exception_ptr(seastar::gate_closed_exception()));
  news_.notify();
}

}  // namespace weir
