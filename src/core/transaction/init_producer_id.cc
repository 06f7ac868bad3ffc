// InitProducerId: who is the producer of this transactional id from now on (KIP-98, KIP-360).
#include <limits>

#include "core/transaction/coordinator.h"
#include "core/transaction/refusal.h"
#include "core/transaction/transitions.h"

namespace weir::transaction {
namespace {

using kafka::error_code;
using kafka::init_producer_id_request;
using kafka::init_producer_id_response;

init_producer_id_response refuse(error_code error) {
  init_producer_id_response answer;
  answer.error = error;
  answer.producer_epoch = no_producer_epoch.value();
  return answer;
}

init_producer_id_response grant(const transaction& t) {
  init_producer_id_response answer;
  answer.producer_id = t.producer.value();
  answer.producer_epoch = t.epoch.value();
  return answer;
}

// A producer that goes on after an error says which one it was (KIP-360).
bool names_itself(const init_producer_id_request& r) {
  return r.producer_id != no_producer_id.value() && r.producer_epoch != no_producer_epoch.value();
}

bool is_producer_of(const transaction& t, const init_producer_id_request& r) {
  const bool used_up = producer_epoch(r.producer_epoch) >= last_epoch_of_clients;
  return producer_id(r.producer_id) == t.producer ||
         (producer_id(r.producer_id) == t.previous_producer && used_up);
}

std::int32_t timeout_of(const init_producer_id_request& r) {
  return r.enable2_pc ? std::numeric_limits<std::int32_t>::max() : r.transaction_timeout_ms;
}

error_code check(const init_producer_id_request& r, const transaction_settings& settings) {
  if (r.transactional_id->empty()) return error_code::invalid_request;
  if (r.enable2_pc && !settings.two_phase_commit)
    return error_code::transactional_id_authorization_failed;
  // Transactions that stay prepared across a restart of their producer (KIP-939) are not there yet.
  if (r.keep_prepared_txn) return error_code::unsupported_version;
  if (r.enable2_pc) return error_code::none;
  const bool fits =
      r.transaction_timeout_ms > 0 && r.transaction_timeout_ms <= settings.timeout_ms_max;
  return fits ? error_code::none : error_code::invalid_transaction_timeout;
}

}  // namespace

void transaction_coordinator::on(const init_producer_id_request& r, const request_context& c,
                                 effects& out) {
  auto answer = init(r, c, out);
  answer.error = for_version(answer.error, c.api_version, 4);
  out.answers.emplace_back(c.ticket, std::move(answer));
}

init_producer_id_response transaction_coordinator::init(const init_producer_id_request& r,
                                                        const request_context& c, effects& out) {
  if (!loaded_) return refuse(error_code::coordinator_load_in_progress);
  if (!r.transactional_id) return refuse(error_code::invalid_request);
  if (const auto wrong = check(r, settings_); wrong != error_code::none) return refuse(wrong);
  const auto at = transactions_.find(r.transactional_id->view());
  if (at == transactions_.end()) return init_new(r, c, out);

  const auto& t = at->second.is;
  if (t.prepared()) return refuse(error_code::concurrent_transactions);
  if (names_itself(r) && !is_producer_of(t, r)) return refuse(error_code::producer_fenced);
  if (t.state != transaction_state::ongoing) return init_idle(at, r, c, out);
  // Whoever was fenced already must not abort the transaction of its successor.
  if (names_itself(r) && producer_epoch(r.producer_epoch) != t.epoch)
    return refuse(error_code::producer_fenced);
  if (broken_.init_while_open) return init_idle(at, r, c, out);
  // The client asks again until the transaction of the one before it is aborted. It gets no epoch
  // now: the one that fences is nobody's.
  fence_and_abort(at, c.now, out);
  return refuse(error_code::concurrent_transactions);
}

init_producer_id_response transaction_coordinator::init_new(const init_producer_id_request& r,
                                                            const request_context& c,
                                                            effects& out) {
  if (transactions_.size() >= settings_.ids_max) return refuse(error_code::policy_violation);
  if (c.fresh_producer == no_producer_id) return refuse(error_code::coordinator_load_in_progress);
  out.took_fresh_producer = true;
  transaction none;
  none.producer = c.fresh_producer;
  auto first = with_epoch(none, producer_epoch{0}, no_producer_epoch, timeout_of(r), c.now.wall);
  return grant(emit(*r.transactional_id, std::move(first), out)->second.is);
}

init_producer_id_response transaction_coordinator::init_idle(place at,
                                                             const init_producer_id_request& r,
                                                             const request_context& c,
                                                             effects& out) {
  const auto& t = at->second.is;
  const bool named = names_itself(r);
  const producer_epoch claimed(r.producer_epoch);
  const auto before = named ? t.epoch : no_producer_epoch;
  if (t.epoch_exhausted() && !broken_.epochs_without_end && (!named || claimed == t.epoch)) {
    if (c.fresh_producer == no_producer_id) return refuse(error_code::coordinator_load_in_progress);
    out.took_fresh_producer = true;
    return grant(
        emit(at->first, with_producer(t, c.fresh_producer, before, timeout_of(r), c.now.wall), out)
            ->second.is);
  }
  auto next = t.epoch + std::int16_t{1};
  auto last = before;
  if (named && claimed != t.epoch) {
    // A repeat of what was granted; a producer without a name would have made last_epoch -1.
    if (claimed != t.last_epoch || t.epoch > last_epoch_of_clients)
      return refuse(error_code::producer_fenced);
    next = t.epoch;
    last = t.last_epoch;
  }
  return grant(
      emit(at->first, with_epoch(t, next, last, timeout_of(r), c.now.wall), out)->second.is);
}

}  // namespace weir::transaction
