// The end of a transaction: asked for by its producer, or because of its age or a new producer.
#include "core/transaction/coordinator.h"
#include "core/transaction/refusal.h"
#include "core/transaction/transitions.h"

namespace weir::transaction {
namespace {

using kafka::end_txn_request;
using kafka::end_txn_response;
using kafka::error_code;

end_txn_response refuse(error_code error) {
  end_txn_response answer;
  answer.error = error;
  return answer;
}

end_txn_response agree(const transaction& t) {
  end_txn_response answer;
  answer.producer_id = t.producer.value();
  answer.producer_epoch = t.epoch.value();
  return answer;
}

std::int16_t version_of(const request_context& c) {
  return c.api_version > 4 ? epoch_bumped_transactions : classic_transactions;
}

// Version 2, and only where the epoch was given to this client: what fencing takes is one more.
// Each transaction has an epoch of its own, so this is about that one and no other.
bool repeats_with_bump(const transaction& t, const end_txn_request& r) {
  return t.complete() && t.bumps_epochs() && t.producer.value() == r.producer_id &&
         t.epoch.value() == r.producer_epoch + 1 && t.epoch <= last_epoch_of_clients;
}
bool repeats_with_new_producer(const transaction& t, const end_txn_request& r) {
  return t.complete() && t.bumps_epochs() && t.previous_producer.value() == r.producer_id &&
         producer_epoch(r.producer_epoch) == last_epoch_of_clients && t.epoch == producer_epoch{0};
}

bool ended_so(const transaction& t, bool commit) {
  return t.state ==
         (commit ? transaction_state::complete_commit : transaction_state::complete_abort);
}

}  // namespace

void transaction_coordinator::on(const end_txn_request& r, const request_context& c, effects& out) {
  auto answer = end(r, c, out);
  answer.error = for_version(answer.error, c.api_version, 2);
  out.answers.emplace_back(c.ticket, std::move(answer));
}

end_txn_response transaction_coordinator::end(const end_txn_request& r, const request_context& c,
                                              effects& out) {
  if (!loaded_) return refuse(error_code::coordinator_load_in_progress);
  if (r.transactional_id.empty()) return refuse(error_code::invalid_request);
  const auto at = transactions_.find(r.transactional_id.view());
  if (at == transactions_.end()) return refuse(error_code::invalid_producer_id_mapping);
  const auto& t = at->second.is;
  const bool classic = version_of(c) == classic_transactions;
  if (broken_.changes_mind && t.prepared()) return end_by_client(at, r, c, out);
  // Once the markers are written it is known whether this is a repeat, or the producer that
  // follows.
  if (t.prepared() && !classic) return refuse(error_code::concurrent_transactions);
  const bool repeats = !classic && (repeats_with_bump(t, r) || repeats_with_new_producer(t, r));
  if (!repeats) {
    if (t.producer.value() != r.producer_id) return refuse(error_code::invalid_producer_id_mapping);
    const bool may = t.epoch.value() == r.producer_epoch || broken_.ends_for_anyone;
    if (!may || t.epoch > last_epoch_of_clients) return refuse(error_code::producer_fenced);
  }
  if (t.prepared()) return refuse(error_code::concurrent_transactions);
  if (repeats || (classic && t.complete()))
    return ended_so(t, r.committed) ? agree(t) : refuse(error_code::invalid_txn_state);
  // Version 2 aborts where nothing was added too: records may be on their way, and the next epoch
  // shuts them out.
  if (t.state != transaction_state::ongoing && (classic || r.committed))
    return refuse(error_code::invalid_txn_state);
  return end_by_client(at, r, c, out);
}

end_txn_response transaction_coordinator::end_by_client(place at, const end_txn_request& r,
                                                        const request_context& c, effects& out) {
  auto next_producer = no_producer_id;
  if (version_of(c) != classic_transactions && at->second.is.epoch_exhausted() &&
      !broken_.epochs_without_end) {
    if (c.fresh_producer == no_producer_id) return refuse(error_code::coordinator_load_in_progress);
    next_producer = c.fresh_producer;
    out.took_fresh_producer = true;
  }
  auto next = prepared(at->second.is, r.committed, version_of(c), next_producer, c.now.wall);
  if (broken_.keeps_epoch) next.epoch = at->second.is.epoch;
  // What the producer goes on with. It can begin only when the markers are written.
  const auto after = agree(completed(next, c.now.wall));
  prepare(at, std::move(next), c.now, out);
  return after;
}

void transaction_coordinator::fence_and_abort(place at, moment now, effects& out) {
  const auto& t = at->second.is;
  // Version 2 raises the epoch as it ends: what comes under the old one is shut out, and only who
  // had it may name itself by it and go on (Kafka 4.3). The last epoch is nobody's.
  const bool raises = settings_.feature_level >= epoch_bumped_transactions && !t.epoch_exhausted();
  auto next =
      prepared(raises ? t : fenced(t), false, settings_.feature_level, no_producer_id, now.wall);
  if (broken_.fences_nobody) next.epoch = t.epoch;
  prepare(at, std::move(next), now, out);
}

}  // namespace weir::transaction
