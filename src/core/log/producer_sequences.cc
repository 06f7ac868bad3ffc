#include "core/log/producer_sequences.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace weir::log {
namespace {

// Sequences count modulo 2^31.
std::int32_t after(std::int32_t sequence, std::uint32_t count) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(sequence) + count) & 0x7fffffffU);
}

}  // namespace

std::int32_t sequence_range::last() const {
  return after(first, record_count - 1);
}

producer_sequences::producer_sequences(std::size_t producers_max) : producers_max_(producers_max) {
  weir_check(producers_max > 0, "no room for any producer");
}

const producer_sequences::producer_state* producer_sequences::find(producer_id id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &*found->second;
}

// In the order in which Apache Kafka 4.3 was seen to judge: a repeat in the window first, then
// whether it may begin a transaction, the epoch, the sequence. No state (new, expired, deleted with
// the log's start: KIP-360), or one without an epoch, takes any sequence. But not in a log that
// never had a record, as in Kafka 4.5 (KAFKA-15591): there a batch that does not begin at 0 has
// overtaken the one before it, which could not be stored any more.
std::expected<std::optional<known_batch>, sequence_error> producer_sequences::check(
    const sequence_range& claim, const transaction_start& start, log_age age) const {
  if (claim.producer.value() < 0 || claim.first < 0 || claim.epoch.value() < -1 ||
      claim.record_count == 0) {
    return std::unexpected(sequence_error::bad_sequence);
  }
  const auto* state = find(claim.producer);
  if (state && claim.epoch == state->epoch) {
    for (std::size_t i = 0; i < state->count; ++i) {
      const auto& known = state->batches[i];
      if (known.first_sequence == claim.first && known.last_sequence == claim.last()) return known;
    }
  }
  const bool begins = claim.transactional && !in_transaction(claim.producer, claim.epoch);
  if (begins && !start.verified) return std::unexpected(sequence_error::invalid_transaction);
  if (state && claim.epoch < state->epoch) return std::unexpected(sequence_error::invalid_epoch);
  const bool has_none = !state || (state->count == 0 && state->marked_at == log_index{});
  if (begins && (claim.first > start.lowest || (start.from_zero && has_none && claim.first != 0)))
    return std::unexpected(sequence_error::out_of_order);
  if (!state && age == log_age::unused && claim.first != 0)
    return std::unexpected(sequence_error::out_of_order);
  if (state && state->epoch != no_producer_epoch) {
    const bool starts_anew = claim.epoch != state->epoch || state->count == 0;
    const std::int32_t expected =
        starts_anew ? 0 : after(state->batches[state->count - 1].last_sequence, 1);
    if (claim.first != expected) return std::unexpected(sequence_error::out_of_order);
  }
  if (state && state->open() && !claim.transactional)
    return std::unexpected(sequence_error::invalid_transaction);
  return std::nullopt;
}

// One of version 2 that is repeated (its answer was lost, or its coordinator is another one now)
// finds its own epoch, and nothing open. With something open it belongs to the transaction before,
// and must not end this one.
std::expected<void, sequence_error> producer_sequences::check(const transaction_marker& marker,
                                                              int version) const {
  if (marker.producer.value() < 0 || marker.epoch.value() < 0)
    return std::unexpected(sequence_error::bad_sequence);
  const auto* state = find(marker.producer);
  if (!state) return {};
  const bool late = version >= 2 && marker.epoch == state->epoch && state->open();
  if (marker.epoch < state->epoch || late) return std::unexpected(sequence_error::invalid_epoch);
  if (marker.coordinator_epoch < state->coordinator_epoch)
    return std::unexpected(sequence_error::coordinator_fenced);
  return {};
}

void producer_sequences::make_room(log_index at) {
  if (by_id_.size() < producers_max_) return;
  const auto oldest = std::ranges::find_if(by_age_, [](const auto& s) { return !s.open(); });
  if (oldest == by_age_.end()) return;
  by_id_.erase(oldest->id);
  by_age_.erase(oldest);
  evicted_at_ = at;
}

producer_sequences::producer_state& producer_sequences::touch(producer_id id, log_index at) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    by_age_.splice(by_age_.end(), by_age_, found->second);
    return by_age_.back();
  }
  make_room(at);
  by_age_.push_back({.id = id});
  by_id_.emplace(id, std::prev(by_age_.end()));
  return by_age_.back();
}

void producer_sequences::take_epoch(producer_state& state, producer_epoch epoch, log_index at) {
  if (state.epoch == epoch) return;
  if (state.count > 0 || state.marked_at != log_index{}) state.forgot_at = at;
  state.batches = {};
  state.count = 0;
  state.epoch = epoch;
}

void producer_sequences::apply(const sequence_range& claim, const known_batch& appended) {
  if (claim.producer.value() < 0) return;
  auto& state = touch(claim.producer, appended.index);
  take_epoch(state, claim.epoch, appended.index);
  // What a coordinator stores for a transaction has no sequence, and is not repeated.
  if (claim.first >= 0) {
    if (state.count == window) {
      std::move(state.batches.begin() + 1, state.batches.end(), state.batches.begin());
      state.forgot_at = appended.index;
      --state.count;
    }
    auto& batch = state.batches[state.count++];
    batch = appended;
    batch.first_sequence = claim.first;
    batch.last_sequence = claim.last();
  }
  state.last_append = appended.append_time;
  if (!claim.transactional || state.open()) return;
  state.transaction_start = appended.base_offset;
  state.transaction_began = appended.index;
  open_.emplace(appended.base_offset, claim.producer);
}

void producer_sequences::apply(const transaction_marker& marker, offset at, log_index index,
                               timestamp append_time) {
  if (marker.producer.value() < 0) return;
  auto& state = touch(marker.producer, index);
  take_epoch(state, marker.epoch, index);
  state.coordinator_epoch = marker.coordinator_epoch;
  state.marked_at = marked_at_ = index;
  state.marker_time = state.last_append = append_time;
  if (state.open()) end_transaction(state, marker.kind, at);
}

// A control batch of another kind, or one that can't be read, says nothing of a transaction.
void producer_sequences::apply(const frame_head& head, const record::batch_header& batch,
                               const fragments& body) {
  if (!batch.has_producer()) return;
  if (batch.control()) {
    const auto seen = record::read_marker(batch, body);
    if (!seen || !*seen) return;
    return apply({.producer = batch.producer,
                  .epoch = batch.epoch,
                  .kind = (*seen)->kind,
                  .coordinator_epoch = (*seen)->coordinator_epoch},
                 head.base_offset, head.index, head.append_time);
  }
  const sequence_range claim{.producer = batch.producer,
                             .epoch = batch.epoch,
                             .first = batch.base_sequence,
                             .record_count = head.offset_count,
                             .transactional = batch.transactional()};
  apply(claim, {.base_offset = head.base_offset,
                .last_offset = head.next_offset() - 1,
                .index = head.index,
                .append_time = head.append_time,
                .max_timestamp = batch.max_timestamp});
}

// One without records here changes nothing for readers.
void producer_sequences::end_transaction(producer_state& state, record::marker kind,
                                         offset marker) {
  const auto first = std::exchange(state.transaction_start, no_offset);
  state.transaction_began = {};
  open_.erase(first);
  add_ended({first, marker});
  if (kind != record::marker::abort) return;
  aborted_.add({.producer = state.id,
                .first = first,
                .last = marker,
                .stable = open_.empty() ? marker + 1 : open_.begin()->first});
}

void producer_sequences::add_ended(const ended_transaction& one) {
  while (!ended_.empty() && ended_.back().first >= one.first) ended_.pop_back();
  ended_.push_back(one);
}

void producer_sequences::committed(offset below) {
  ended_.erase(ended_.begin(),
               std::ranges::lower_bound(ended_, below, {}, &ended_transaction::marker));
}

bool producer_sequences::in_transaction(producer_id id, producer_epoch epoch) const {
  const auto* state = find(id);
  return state && state->open() && state->epoch == epoch;
}

bool producer_sequences::marked_behind(producer_id id, log_index after,
                                       std::optional<producer_epoch> own) const {
  const auto* state = find(id);
  if (state && own && state->epoch <= *own) return false;
  return (state ? state->marked_at : evicted_at_) > after;
}

std::optional<offset> producer_sequences::first_unstable() const {
  std::optional<offset> first;
  if (!open_.empty()) first = open_.begin()->first;
  if (!ended_.empty() && (!first || ended_.front().first < *first)) first = ended_.front().first;
  return first;
}

log_index producer_sequences::producer_state::last_index() const {
  return std::max(marked_at, count == 0 ? log_index{} : batches[count - 1].index);
}

bool producer_sequences::truncate(log_index from) {
  if (evicted_at_ >= from || marked_at_ >= from) return false;
  for (const auto& state : by_age_) {
    if (state.forgot_at >= from) return false;
  }
  for (auto it = by_age_.begin(); it != by_age_.end();) {
    const auto here = it++;
    const auto before = here->count;
    while (here->count > 0 && here->batches[here->count - 1].index >= from) {
      here->batches[--here->count] = {};
    }
    if (here->open() && here->transaction_began >= from) {
      open_.erase(std::exchange(here->transaction_start, no_offset));
      here->transaction_began = {};
    }
    if (here->count == before) continue;
    if (here->last_index() == log_index{}) {
      by_id_.erase(here->id);
      by_age_.erase(here);
    } else {
      const bool marker_last = here->last_index() == here->marked_at;
      here->last_append =
          marker_last ? here->marker_time : here->batches[here->count - 1].append_time;
    }
  }
  // A producer whose last batches went is as old as the one before them.
  by_age_.sort([](const producer_state& a, const producer_state& b) {
    return a.last_index() < b.last_index();
  });
  return true;
}

std::size_t producer_sequences::expire(timestamp now, std::int64_t expiration_ms) {
  std::size_t gone = 0;
  const auto oldest = now - expiration_ms;  // times from a file may be anything
  for (auto at = by_age_.begin(); at != by_age_.end() && at->last_append <= oldest;) {
    if (at->open()) {
      ++at;
      continue;
    }
    by_id_.erase(at->id);
    at = by_age_.erase(at);
    ++gone;
  }
  return gone;
}

void producer_sequences::clear() {
  by_id_.clear();
  by_age_.clear();
  open_.clear();
  ended_.clear();
  aborted_ = aborted_transactions();
  evicted_at_ = marked_at_ = log_index{};
}

}  // namespace weir::log
