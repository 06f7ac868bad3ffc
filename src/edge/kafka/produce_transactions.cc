// Batches of transactions in a produce request, as Apache Kafka 4.3 takes them.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/parallel_for_each.hh>

#include "core/base/check.h"
#include "core/codec/error_code.h"
#include "core/record/batches.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/produce_parts.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// The versions of Produce that brought TRANSACTION_ABORTABLE, and transactions of version 2.
constexpr std::int16_t knows_abortable_since = 11;
constexpr std::int16_t adds_partitions_since = 12;

// On the partitions' shard: what has to be verified, and what is wrong already.
void ask_here(cluster& c, const std::vector<produce_part*>& parts, bool version2, timestamp now) {
  for (auto* p : parts) {
    auto* r = c.find(p->key);
    if (!r) continue;  // placing says what is wrong
    const auto begun = r->begin_verification(p->batch.header, version2, now);
    if (begun) {
      p->verified = *begun;
    } else {
      refuse(*p->out, code_of(begun.error()));
    }
  }
}

// What the coordinator said, in the words that a producer knows. The sentences are Kafka's.
void refuse_unverified(produce_part& p, error_code said, std::int16_t version) {
  const auto not_added = "Partition was not added to the transaction";
  const auto try_again = [&] {
    refuse(*p.out, error_code::not_enough_replicas,
           fmt::format("Unable to verify the partition has been added to the transaction. "
                       "Underlying error: {}",
                       to_string(said)));
  };
  switch (said) {
    case error_code::none:
      return;
    case error_code::invalid_txn_state:
      return refuse(*p.out, said, not_added);
    case error_code::transaction_abortable:
      if (version >= knows_abortable_since) return refuse(*p.out, said);
      return refuse(*p.out, error_code::invalid_txn_state, not_added);
    case error_code::producer_fenced:
      return refuse(*p.out, error_code::invalid_producer_epoch);
    case error_code::concurrent_transactions:
      if (version >= adds_partitions_since) return refuse(*p.out, said);
      return try_again();
    case error_code::network_exception:
    case error_code::coordinator_load_in_progress:
    case error_code::coordinator_not_available:
    case error_code::not_coordinator:
      return try_again();
    default:
      return refuse(*p.out, said);
  }
}

seastar::future<std::vector<error_code>> ask_coordinator(services& with,
                                                         transaction_question question) {
  const auto count = question.partitions.size();
  if (!with.transactions)
    co_return std::vector<error_code>(count, error_code::coordinator_not_available);
  auto said = co_await with.transactions->verify(std::move(question));
  weir_check(said.size() == count, "{} answers about {} partitions", said.size(), count);
  co_return said;
}

}  // namespace

void refuse(kafka::produce_response::partition_response& out, error_code code,
            std::string message) {
  out.error = code;
  out.base_offset = -1;
  if (!message.empty()) out.error_message = text(std::move(message));
}

error_code check_transactional(const kafka::produce_request& in) {
  std::optional<std::pair<producer_id, producer_epoch>> producer;
  for (const auto& topic : in.topic_data) {
    for (const auto& partition : topic.partition_data) {
      if (!partition.records) continue;
      const auto header = record::read_batch_header(*partition.records);
      if (!header || !header->transactional()) continue;
      if (!in.transactional_id) return error_code::transactional_id_authorization_failed;
      if (!header->has_producer()) continue;
      const std::pair its(header->producer, header->epoch);
      if (producer && *producer != its) return error_code::invalid_producer_id_mapping;
      producer = its;
    }
  }
  return error_code::none;
}

seastar::future<> verify_transactions(services& with, std::int16_t version,
                                      std::string transactional_id,
                                      std::vector<produce_part>& parts) {
  const bool version2 = version >= adds_partitions_since;
  const auto now = wall_clock();
  std::vector<std::vector<produce_part*>> by_shard(seastar::smp::count);
  for (auto& p : parts) {
    const auto& header = p.batch.header;
    if (header.transactional() && header.has_producer()) by_shard[p.shard].push_back(&p);
  }
  co_await seastar::coroutine::parallel_for_each(
      by_shard, [&](const std::vector<produce_part*>& mine) {
        if (mine.empty()) return seastar::make_ready_future<>();
        return with.state.container().invoke_on(
            mine.front()->shard,
            [&mine, version2, now](cluster& c) { ask_here(c, mine, version2, now); });
      });
  transaction_question question{.transactional_id = std::move(transactional_id), .add = version2};
  std::vector<produce_part*> asked;
  for (auto& p : parts) {
    if (!p.verified || p.refused()) continue;
    question.producer = p.batch.header.producer;
    question.epoch = p.batch.header.epoch;
    question.partitions.push_back(p.key);
    asked.push_back(&p);
  }
  if (asked.empty()) co_return;
  const auto said = co_await ask_coordinator(with, std::move(question));
  for (std::size_t i = 0; i < asked.size(); ++i) refuse_unverified(*asked[i], said[i], version);
}

}  // namespace weir::edge
