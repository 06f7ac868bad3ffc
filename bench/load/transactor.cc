#include "bench/load/transactor.h"

#include <algorithm>
#include <format>
#include <map>
#include <stdexcept>
#include <thread>

#include "bench/load/member.h"
#include "core/record/batch_builder.h"

namespace weir::load {
namespace {

using kafka::error_code;

constexpr std::int32_t timeout_ms = 60'000;
constexpr auto pause = std::chrono::milliseconds(20);

timestamp now() {
  return timestamp(std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count());
}

}  // namespace

transactor::transactor(const settings& s, connection& coordinator, int number,
                       const std::string& value)
    : settings_(s),
      id_(std::format("{}-{}", s.topic, number)),
      value_(value),
      sequences_(static_cast<std::size_t>(s.partitions)),
      next_partition_(number) {
  const kafka::init_producer_id_request request{.transactional_id = text(id_),
                                                .transaction_timeout_ms = timeout_ms};
  for (const auto deadline = clock::now() + patience; clock::now() < deadline;
       std::this_thread::sleep_for(pause)) {
    const auto answer = coordinator.ask(request);
    producer_ = answer.producer_id;
    epoch_ = answer.producer_epoch;
    if (answer.error == error_code::none) return;
    if (!is_not_yet(answer.error) && answer.error != error_code::concurrent_transactions)
      refused(answer.error, "no producer id");
  }
  throw std::runtime_error(id_ + " had no producer id after a minute");
}

void transactor::begin() {
  begun_ = clock::now();
  std::map<std::int32_t, int> records;
  for (int i = 0; i < settings_.records; ++i) ++records[next_partition_++ % settings_.partitions];
  parts_.clear();
  for (const auto& [partition, count] : records) {
    auto& sequence = sequences_[static_cast<std::size_t>(partition)];
    record::batch_builder batch({.producer = producer_id(producer_),
                                 .epoch = producer_epoch(epoch_),
                                 .base_sequence = sequence,
                                 .transactional = true});
    for (int i = 0; i < count; ++i) batch.add({.time = now(), .value = value_});
    sequence += count;
    parts_.push_back({partition, batch.finish()});
  }
}

bool transactor::all_taken() const {
  return std::ranges::all_of(parts_, &part::taken);
}

void transactor::send(connection& to) {
  if (all_taken()) {
    to.send(kafka::end_txn_request{.transactional_id = id_,
                                   .producer_id = producer_,
                                   .producer_epoch = epoch_,
                                   .committed = true});
    return;
  }
  kafka::produce_request request{.transactional_id = text(id_),
                                 .acks = -1,
                                 .timeout_ms = timeout_ms,
                                 .topic_data = {{.name = settings_.topic}}};
  for (const auto& p : parts_)
    if (!p.taken)
      request.topic_data.front().partition_data.push_back(
          {.index = p.partition, .records = p.batch});
  to.send(request);
}

transactor::outcome transactor::hear(connection& from) {
  return all_taken() ? hear_of_end(from.next<kafka::end_txn_request>())
                     : hear_of_records(from.next<kafka::produce_request>());
}

transactor::outcome transactor::hear_of_records(const kafka::produce_response& answer) {
  for (const auto& t : answer.responses)
    for (const auto& p : t.partition_responses) {
      if (p.error == error_code::concurrent_transactions) continue;
      if (p.error != error_code::none) refused(p.error, "records were not taken");
      std::ranges::find(parts_, p.index, &part::partition)->taken = true;
    }
  return all_taken() ? outcome::go_on : outcome::again;
}

transactor::outcome transactor::hear_of_end(const kafka::end_txn_response& answer) {
  if (answer.error == error_code::concurrent_transactions || is_not_yet(answer.error))
    return outcome::again;
  if (answer.error != error_code::none) refused(answer.error, "a transaction was not committed");
  // The next one has an epoch of its own, in which sequences begin again (KIP-890).
  if (answer.producer_id == producer_ && answer.producer_epoch == epoch_)
    throw std::runtime_error("a transaction ended without a new epoch: not transaction.version 2");
  producer_ = answer.producer_id;
  epoch_ = answer.producer_epoch;
  std::ranges::fill(sequences_, 0);
  return outcome::committed;
}

}  // namespace weir::load
