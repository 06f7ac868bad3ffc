#include "core/transaction/coordinator.h"

#include <algorithm>

namespace weir::transaction {

transaction_coordinator::transaction_coordinator(std::int32_t coordinator_epoch,
                                                 const transaction_settings& settings,
                                                 const defects& broken)
    : coordinator_epoch_(coordinator_epoch),
      settings_(settings),
      broken_(broken),
      endings_(std::uint64_t{static_cast<std::uint32_t>(coordinator_epoch)} << 32) {}

effects transaction_coordinator::loaded(moment now) {
  effects out;
  loaded_ = true;
  expiry_due_ = now.steady_ms + settings_.expiry_interval_ms;
  for (auto at = transactions_.begin(); at != transactions_.end(); ++at) {
    const auto& t = at->second.is;
    if (t.prepared()) {
      if (!broken_.forgets_prepared) send_markers(at, now, out);
    } else if (t.state == transaction_state::ongoing && !t.never_times_out()) {
      if (broken_.no_timeouts) continue;
      // The wall clock may have jumped: never more than a whole timeout.
      const auto whole = std::int64_t{std::max(t.timeout_ms, 0)};
      const auto age = std::clamp(ms_between(t.started, now.wall), std::int64_t{0}, whole);
      set_due(at, now.steady_ms + whole - age);
    }
  }
  return out;
}

effects transaction_coordinator::step(const request& r, const request_context& context) {
  effects out;
  std::visit([&](const auto& one) { on(one, context, out); }, r);
  return out;
}

bool transaction_coordinator::needs_producer_id(const request& r) const {
  if (const auto* init = std::get_if<kafka::init_producer_id_request>(&r)) {
    if (!init->transactional_id) return false;  // not asked here
    const auto* t = find(*init->transactional_id);
    return !t || t->epoch_exhausted();
  }
  if (const auto* end = std::get_if<kafka::end_txn_request>(&r)) {
    const auto* t = find(end->transactional_id);
    return t && t->epoch_exhausted();
  }
  return false;
}

effects transaction_coordinator::tick(moment now) {
  effects out;
  if (!loaded_) return out;
  for (std::size_t done = 0; done < settings_.done_per_tick; ++done) {
    if (due_.empty() || due_.begin()->first > now.steady_ms) break;
    const auto at = transactions_.find(due_.begin()->second);
    if (at->second.is.prepared()) {
      send_again(at, now, out);
    } else {
      fence_and_abort(at, now, out);
    }
  }
  if (now.steady_ms >= expiry_due_) expire(now, out);
  return out;
}

// The list is in the order of changes, which is that of their times unless clocks were set back.
void transaction_coordinator::expire(moment now, effects& out) {
  const auto unused_since = now.wall - settings_.id_expiration_ms;
  for (std::size_t done = 0; done < settings_.done_per_tick; ++done) {
    if (idle_.empty() || transactions_.find(idle_.front())->second.is.updated > unused_since) {
      expiry_due_ = now.steady_ms + settings_.expiry_interval_ms;
      return;
    }
    emit(std::string(idle_.front()), std::nullopt, out);
  }
}

std::optional<std::int64_t> transaction_coordinator::next_deadline() const {
  if (!loaded_) return std::nullopt;
  std::optional<std::int64_t> next;
  if (!due_.empty()) next = due_.begin()->first;
  if (!idle_.empty()) next = std::min(next.value_or(expiry_due_), expiry_due_);
  return next;
}

}  // namespace weir::transaction
