#include "core/transaction/transitions.h"

namespace weir::transaction {

transaction with_epoch(transaction t, producer_epoch epoch, producer_epoch last_epoch,
                       std::int32_t timeout_ms, timestamp now) {
  t.state = transaction_state::empty;
  t.previous_producer = t.producer;
  t.next_producer = no_producer_id;
  t.epoch = epoch;
  t.last_epoch = last_epoch;
  t.timeout_ms = timeout_ms;
  t.partitions.clear();
  t.started = no_timestamp;
  t.updated = now;
  return t;
}

transaction with_producer(transaction t, producer_id fresh, producer_epoch last_epoch,
                          std::int32_t timeout_ms, timestamp now) {
  t = with_epoch(std::move(t), producer_epoch{0}, last_epoch, timeout_ms, now);
  t.producer = fresh;
  return t;
}

transaction with_partitions(transaction t, const partition_set& added, std::int16_t client_version,
                            timestamp now) {
  if (t.state != transaction_state::ongoing) t.started = now;
  t.state = transaction_state::ongoing;
  t.previous_producer = t.producer;
  t.partitions.insert(added.begin(), added.end());
  t.client_version = client_version;
  t.updated = now;
  return t;
}

transaction fenced(transaction t) {
  if (t.epoch < last_epoch_there_is) ++t.epoch;
  t.last_epoch = no_producer_epoch;
  return t;
}

transaction prepared(transaction t, bool commit, std::int16_t version, producer_id next,
                     timestamp now) {
  // Version 2 may abort what no partition was added to: records may have been on their way.
  if (t.state != transaction_state::ongoing) t.started = now;
  t.state = commit ? transaction_state::prepare_commit : transaction_state::prepare_abort;
  t.previous_producer = t.producer;
  t.next_producer = next;
  t.client_version = version;
  if (t.bumps_epochs()) {
    t.last_epoch = t.epoch;
    if (t.epoch < last_epoch_there_is) ++t.epoch;  // else it was fenced with the last one
  }
  t.updated = now;
  return t;
}

transaction completed(transaction t, timestamp now) {
  t.state = t.state == transaction_state::prepare_commit ? transaction_state::complete_commit
                                                         : transaction_state::complete_abort;
  t.previous_producer = t.producer;
  if (t.bumps_epochs() && t.next_producer != no_producer_id) {
    t.producer = t.next_producer;
    t.epoch = producer_epoch{0};
  }
  t.next_producer = no_producer_id;
  t.partitions.clear();
  t.updated = now;
  return t;
}

producer_epoch last_epoch_after(const std::optional<transaction>& before, const transaction& now) {
  if (now.bumps_epochs() && (now.prepared() || now.complete())) {
    if (now.epoch == producer_epoch{0}) return last_epoch_of_clients;  // and a new producer id
    if (now.epoch == last_epoch_there_is) return no_producer_epoch;    // nobody's
    return now.epoch - std::int16_t{1};
  }
  const bool same = before && before->producer == now.producer && before->epoch == now.epoch;
  return same ? before->last_epoch : no_producer_epoch;
}

}  // namespace weir::transaction
