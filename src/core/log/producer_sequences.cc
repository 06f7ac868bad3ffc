#include "core/log/producer_sequences.h"

#include <algorithm>

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

// In the order in which Apache Kafka 4.3 was seen to judge: a repeat in the window first, then the
// epoch, then the sequence. No state (new, expired, deleted with the log's start: KIP-360), or one
// without an epoch, takes any sequence.
std::expected<std::optional<known_batch>, sequence_error> producer_sequences::check(
    const sequence_range& claim) const {
  if (claim.producer.value() < 0 || claim.first < 0 || claim.epoch.value() < -1 ||
      claim.record_count == 0) {
    return std::unexpected(sequence_error::bad_sequence);
  }
  const auto* state = find(claim.producer);
  if (!state) return std::nullopt;
  if (claim.epoch == state->epoch) {
    for (std::size_t i = 0; i < state->count; ++i) {
      const auto& known = state->batches[i];
      if (known.first_sequence == claim.first && known.last_sequence == claim.last()) return known;
    }
  }
  if (claim.epoch < state->epoch) return std::unexpected(sequence_error::invalid_epoch);
  if (state->epoch == no_producer_epoch) return std::nullopt;
  const bool starts_anew = claim.epoch != state->epoch || state->count == 0;
  const std::int32_t expected =
      starts_anew ? 0 : after(state->batches[state->count - 1].last_sequence, 1);
  if (claim.first != expected) return std::unexpected(sequence_error::out_of_order);
  return std::nullopt;
}

producer_sequences::producer_state& producer_sequences::touch(producer_id id, log_index at) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    by_age_.splice(by_age_.end(), by_age_, found->second);
    return by_age_.back();
  }
  if (by_id_.size() >= producers_max_) {
    by_id_.erase(by_age_.front().id);
    by_age_.pop_front();
    evicted_at_ = at;
  }
  by_age_.push_back({.id = id});
  by_id_.emplace(id, std::prev(by_age_.end()));
  return by_age_.back();
}

void producer_sequences::apply(const sequence_range& claim, const known_batch& appended) {
  if (claim.producer.value() < 0) return;
  auto& state = touch(claim.producer, appended.index);
  if (state.epoch != claim.epoch) {
    if (state.count > 0) state.forgot_at = appended.index;
    state.count = 0;
    state.epoch = claim.epoch;
  }
  if (state.count == window) {
    std::move(state.batches.begin() + 1, state.batches.end(), state.batches.begin());
    state.forgot_at = appended.index;
    --state.count;
  }
  auto& batch = state.batches[state.count++];
  batch = appended;
  batch.first_sequence = claim.first;
  batch.last_sequence = claim.last();
  state.last_append = appended.append_time;
}

bool producer_sequences::truncate(log_index from) {
  if (evicted_at_ >= from) return false;
  for (const auto& state : by_age_) {
    if (state.forgot_at >= from) return false;
  }
  for (auto it = by_age_.begin(); it != by_age_.end();) {
    const auto here = it++;
    const auto before = here->count;
    while (here->count > 0 && here->batches[here->count - 1].index >= from) {
      here->batches[--here->count] = {};
    }
    if (here->count == 0 && before > 0) {
      by_id_.erase(here->id);
      by_age_.erase(here);
    } else if (here->count < before) {
      here->last_append = here->batches[here->count - 1].append_time;
    }
  }
  // A producer whose last batches went is as old as the one before them.
  by_age_.sort([](const producer_state& a, const producer_state& b) {
    const auto last = [](const producer_state& s) {
      return s.count == 0 ? log_index{} : s.batches[s.count - 1].index;
    };
    return last(a) < last(b);
  });
  return true;
}

std::size_t producer_sequences::expire(timestamp now, std::int64_t expiration_ms) {
  std::size_t gone = 0;
  while (!by_age_.empty() && now - by_age_.front().last_append >= expiration_ms) {
    by_id_.erase(by_age_.front().id);
    by_age_.pop_front();
    ++gone;
  }
  return gone;
}

void producer_sequences::clear() {
  by_id_.clear();
  by_age_.clear();
  evicted_at_ = log_index{};
}

}  // namespace weir::log
