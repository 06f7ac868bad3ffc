#include "sim/transactions/data_partition.h"

#include <algorithm>
#include <utility>

namespace weir::sim::transactions {
namespace {

using kafka::error_code;

store_answer of(error_code error) {
  switch (error) {
    case error_code::none:
      return store_answer::stored;
    case error_code::concurrent_transactions:
    case error_code::coordinator_load_in_progress:
    case error_code::not_coordinator:
      return store_answer::again;
    case error_code::transaction_abortable:
      return store_answer::abortable;
    case error_code::producer_fenced:
    case error_code::invalid_producer_epoch:
    case error_code::invalid_producer_id_mapping:
      return store_answer::fenced;
    default:
      throw violation(fmt::format("a partition hears {}", to_string(error)));
  }
}

}  // namespace

std::optional<store_answer> data_partition::check(const producer& p,
                                                  const record_to_store& r) const {
  if (r.epoch < p.epoch) return store_answer::fenced;
  if (r.epoch == p.epoch && r.sequence <= p.last_sequence) return store_answer::stored;  // again
  const bool unknown = p.epoch == no_producer_epoch;
  const auto expected = r.epoch == p.epoch ? p.last_sequence + 1 : 0;
  if (!unknown && r.sequence != expected) return store_answer::order;
  return std::nullopt;
}

void data_partition::append(producer& p, const record_to_store& r) {
  if (p.open.empty()) {
    p.transaction = r.transaction;
  } else if (p.transaction != r.transaction) {
    throw violation(
        fmt::format("a record of transaction {} lands in {}", r.transaction, p.transaction));
  }
  around_.note("{}: record {} of transaction {}, producer {} epoch {}", name_.partition, r.number,
               r.transaction, r.producer, r.epoch);
  around_.mix_in(r.number);
  p.epoch = r.epoch;
  p.last_sequence = r.sequence;
  p.open.insert(r.number);
  around_.truth.stored(r.transaction, r.number);
}

void data_partition::store(const record_to_store& r, std::function<void(store_answer)> then) {
  auto& p = producers_[r.producer];
  if (const auto answer = check(p, r)) return then(*answer);
  const bool open = !p.open.empty() && p.epoch == r.epoch;
  if (!open && !around_.rules.broken_outside.begins_unverified) return verify(r, std::move(then));
  append(p, r);
  then(store_answer::stored);
}

// What the coordinator said holds for this leader and until a marker of this producer comes.
void data_partition::verify(const record_to_store& r, std::function<void(store_answer)> then) {
  kafka::add_partitions_to_txn_request ask;
  auto& one = ask.transactions.emplace_back();
  one.transactional_id = text::copy(r.transactional_id);
  one.producer_id = r.producer.value();
  one.producer_epoch = r.epoch.value();
  one.verify_only = !r.adds_itself;
  auto& topic = one.topics.emplace_back();
  topic.name = text::copy(name_.topic);
  topic.partitions = {name_.partition.value()};
  const auto markers = producers_[r.producer].markers;
  ask_(r.transactional_id, ask,
       [this, r, markers, leader = leader_,
        then = std::move(then)](const std::optional<transaction::answer>& a) {
         if (!a) return then(store_answer::again);
         const auto& all =
             std::get<kafka::add_partitions_to_txn_response>(*a).results_by_transaction;
         const auto said = of(all[0].topic_results[0].results_by_partition[0].partition_error);
         if (said != store_answer::stored) return then(said);
         auto& p = producers_[r.producer];
         const bool holds = p.markers == markers && leader_ == leader;
         if (!holds && !around_.rules.broken_outside.believes_old_verification)
           return then(store_answer::again);
         if (const auto answer = check(p, r)) return then(*answer);
         append(p, r);
         then(store_answer::stored);
       });
}

marker_answer data_partition::end(const transaction::markers_to_send& m) {
  const auto& broken = around_.rules.broken_outside;
  auto& p = producers_[m.producer];
  if (m.coordinator_epoch < p.coordinator_epoch && !broken.takes_old_coordinators)
    return marker_answer::coordinator_fenced;
  const bool bumped = m.transaction_version >= transaction::epoch_bumped_transactions;
  const bool late = m.epoch < p.epoch || (bumped && m.epoch == p.epoch && !p.open.empty());
  if (late && !broken.takes_old_markers) return marker_answer::superseded;
  around_.note("{}: marker of producer {} epoch {}, {}, from term {}", name_.partition, m.producer,
               m.epoch, m.commit ? "commit" : "abort", m.coordinator_epoch);
  around_.mix_in(static_cast<std::uint64_t>(m.epoch.value()) + (m.commit ? 1U << 20U : 0U));
  if (m.epoch > p.epoch) p.last_sequence = -1;
  p.epoch = std::max(p.epoch, m.epoch);
  p.coordinator_epoch = m.coordinator_epoch;
  ++p.markers;
  if (!p.open.empty() && !decided_(m))
    throw violation(
        fmt::format("a marker ends transaction {}, and nothing is decided", p.transaction));
  if (!p.open.empty()) around_.truth.ended(p.transaction, m.commit, std::exchange(p.open, {}));
  return marker_answer::written;
}

bool data_partition::anything_open() const {
  return std::ranges::any_of(producers_, [](const auto& one) { return !one.second.open.empty(); });
}

}  // namespace weir::sim::transactions
