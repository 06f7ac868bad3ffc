#include "sim/transactions/client.h"

#include <utility>

namespace weir::sim::transactions {
namespace {

using kafka::error_code;

bool try_again(error_code error) {
  return error == error_code::concurrent_transactions ||
         error == error_code::coordinator_load_in_progress || error == error_code::not_coordinator;
}
bool taken_over(error_code error) {
  return error == error_code::producer_fenced || error == error_code::invalid_producer_epoch ||
         error == error_code::invalid_producer_id_mapping;
}

constexpr int tries_max = 12;  // of one record, before the transaction is given up

}  // namespace

void client::later(std::function<void()> then) {
  around_.events.after(around_.chance.between(1 * ms, 40 * ms), std::move(then));
}

template <typename Answer>
void client::ask(const transaction::request& r, std::int16_t version,
                 std::function<void(const Answer&)> then, std::function<void()> no_answer) {
  // Whichever comes first: the answer, or the end of patience.
  const auto done = std::make_shared<bool>(false);
  const auto given_up = std::make_shared<bool>(false);
  how_.ask(
      r, version, given_up,
      [this, done, then = std::move(then), no_answer](const std::optional<transaction::answer>& a) {
        if (over_ || std::exchange(*done, true)) return;
        if (!a) return later(no_answer);
        then(std::get<Answer>(*a));
      });
  around_.events.after(around_.rules.patience, [this, done, given_up, no_answer] {
    if (over_ || std::exchange(*done, true)) return;
    // Version 1 goes on with a new connection: what is on the old one does not arrive any more.
    *given_up = classic_ && !around_.rules.broken_outside.classic_copies_late;
    no_answer();
  });
}

void client::init() {
  if (stopped_ && producer_ == no_producer_id) return end_of_me();
  kafka::init_producer_id_request r;
  r.transactional_id = text::copy(id_);
  r.transaction_timeout_ms = static_cast<std::int32_t>(around_.rules.timeout / ms);
  r.producer_id = producer_.value();
  r.producer_epoch = epoch_.value();
  ask<kafka::init_producer_id_response>(
      r, 4, [this](const auto& a) { on_init(a); }, [this] { init(); });
}

void client::on_init(const kafka::init_producer_id_response& a) {
  if (try_again(a.error)) return later([this] { init(); });
  if (taken_over(a.error)) return end_of_me();
  if (a.error != error_code::none) throw violation(fmt::format("init: {}", to_string(a.error)));
  producer_ = producer_id(a.producer_id);
  epoch_ = producer_epoch(a.producer_epoch);
  around_.note("client {} is {}: producer {} epoch {}", number_, id_, producer_, epoch_);
  around_.truth.granted(number_, producer_, epoch_);
  sequences_.clear();
  later([this] { begin(); });
}

void client::begin() {
  if (stopped_) return end_of_me();
  transaction_ = around_.truth.begin(number_);
  added_.clear();
  unresolved_ = false;
  left_ = around_.chance.between(1, 6);
  next_record();
}

void client::next_record() {
  if (left_-- > 0) {
    const auto partition = around_.chance.below(how_.partitions.size());
    if (classic_ && !added_.contains(partition)) return add_partition(partition);
    return send_record(partition, (transaction_ << 8U) + ++records_, 0);
  }
  if (around_.chance.chance(around_.rules.forgetful)) {
    around_.note("client {} is gone, transaction {} open", number_, transaction_);
    return end_of_me();
  }
  end(!unresolved_ && !around_.chance.chance(around_.rules.aborts));
}

void client::add_partition(std::size_t partition) {
  kafka::add_partitions_to_txn_request r;
  r.v3_and_below_transactional_id = text::copy(id_);
  r.v3_and_below_producer_id = producer_.value();
  r.v3_and_below_producer_epoch = epoch_.value();
  auto& topic = r.v3_and_below_topics.emplace_back();
  topic.name = text::copy(how_.partitions[partition].topic);
  topic.partitions = {how_.partitions[partition].partition.value()};
  const auto again = [this, partition] { add_partition(partition); };
  ask<kafka::add_partitions_to_txn_response>(
      r, 3,
      [this, partition, again](const auto& a) {
        const auto error =
            a.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error;
        if (try_again(error)) return later(again);
        if (taken_over(error)) return end_of_me();
        if (error != error_code::none) throw violation(fmt::format("add: {}", to_string(error)));
        added_.insert(partition);
        send_record(partition, (transaction_ << 8U) + ++records_, 0);
      },
      again);
}

void client::send_record(std::size_t partition, record_number number, int tries) {
  added_.insert(partition);
  const record_to_store r{.transactional_id = id_,
                          .producer = producer_,
                          .epoch = epoch_,
                          .sequence = sequences_[partition],
                          .adds_itself = !classic_,
                          .transaction = transaction_,
                          .number = number};
  const auto done = std::make_shared<bool>(false);
  const auto given_up = std::make_shared<bool>(false);
  how_.store(partition, r, given_up, [this, done, partition, number, tries](store_answer a) {
    if (!over_ && !std::exchange(*done, true)) on_stored(partition, number, tries, a);
  });
  if (around_.chance.chance(around_.rules.impatient)) {
    // Does not wait for the answer: this record may still arrive when the abort is done.
    *done = true;
    unresolved_ = true;
    left_ = 0;
    return later([this] { next_record(); });
  }
  around_.events.after(around_.rules.patience, [this, done, partition, number, tries] {
    if (!over_ && !std::exchange(*done, true))
      on_stored(partition, number, tries, store_answer::again);
  });
}

void client::on_stored(std::size_t partition, record_number number, int tries, store_answer a) {
  switch (a) {
    case store_answer::stored:
      ++sequences_[partition];
      around_.truth.told_stored(transaction_, number);
      return next_record();
    case store_answer::fenced:
      return end_of_me();
    case store_answer::again:
    case store_answer::order:
      if (tries < tries_max)
        return later(
            [this, partition, number, tries] { send_record(partition, number, tries + 1); });
      break;
    case store_answer::abortable:
      break;
  }
  unresolved_ = true;
  left_ = 0;
  next_record();
}

void client::end(bool commit) {
  if (commit) around_.truth.asked_to_commit(transaction_);
  kafka::end_txn_request r;
  r.transactional_id = text::copy(id_);
  r.producer_id = producer_.value();
  r.producer_epoch = epoch_.value();
  r.committed = commit;
  ask<kafka::end_txn_response>(
      r, classic_ ? 4 : 5, [this, commit](const auto& a) { on_end(commit, a); },
      [this, commit] { end(commit); });
}

void client::on_end(bool commit, const kafka::end_txn_response& a) {
  if (try_again(a.error)) return later([this, commit] { end(commit); });
  if (taken_over(a.error)) return end_of_me();
  if (a.error == error_code::invalid_txn_state && !classic_ && commit) {
    // It was aborted from there, for its age or by a producer that is not granted yet.
    around_.note("client {}: transaction {} was aborted", number_, transaction_);
    around_.truth.told_ended(transaction_, false);
    return later([this] { init(); });
  }
  // Version 1 can't abort what nothing was added to.
  const bool nothing_there = classic_ && !commit && a.error == error_code::invalid_txn_state;
  if (a.error != error_code::none && !nothing_there)
    throw violation(fmt::format("end of transaction {}: {}", transaction_, to_string(a.error)));
  around_.note("client {}: transaction {} is {}", number_, transaction_,
               commit ? "committed" : "aborted");
  around_.truth.told_ended(transaction_, commit);
  if (classic_) {
    // The epoch stays: what is not resolved must not be taken for the next transaction's (KIP-360).
    if (unresolved_) return later([this] { init(); });
    return later([this] { begin(); });
  }
  producer_ = producer_id(a.producer_id);
  epoch_ = producer_epoch(a.producer_epoch);
  around_.truth.granted(number_, producer_, epoch_);
  sequences_.clear();
  later([this] { begin(); });
}

}  // namespace weir::sim::transactions
