// Which partitions belong to a transaction: added by clients before they produce (version 1), or by
// the partitions' leaders when the first records arrive (version 2); and asked about by those
// leaders.
#include <algorithm>

#include "core/transaction/coordinator.h"
#include "core/transaction/record.h"
#include "core/transaction/refusal.h"
#include "core/transaction/transitions.h"

namespace weir::transaction {
namespace {

using kafka::add_partitions_to_txn_request;
using kafka::add_partitions_to_txn_response;
using kafka::error_code;
using topics = chunked_vector<add_partitions_to_txn_request::add_partitions_to_txn_topic>;
using results = chunked_vector<add_partitions_to_txn_response::add_partitions_to_txn_topic_result>;

constexpr std::int16_t brokers_ask_from = 4;  // and clients no more
constexpr std::int16_t fenced_from = 2;

partition_set all_of(const topics& asked) {
  partition_set out;
  for (const auto& topic : asked) {
    for (const auto p : topic.partitions)
      out.insert({.topic = topic.name.str(), .partition = partition_id(p)});
  }
  return out;
}

template <typename ErrorOf>
results answer_each(const topics& asked, const ErrorOf& error_of) {
  results out;
  for (const auto& topic : asked) {
    auto& result = out.emplace_back();
    result.name = topic.name;
    for (const auto p : topic.partitions) {
      result.results_by_partition.push_back(
          {.partition_index = p, .partition_error = error_of(topic.name, p), .unknown = {}});
    }
  }
  return out;
}

// Records that are on their way belong to this producer's open transaction, and may be written.
error_code verify(const transaction* t, const claim& by) {
  if (!t || t->producer != by.producer) return error_code::invalid_producer_id_mapping;
  if (t->epoch != by.epoch) return error_code::producer_fenced;
  return t->prepared() ? error_code::concurrent_transactions : error_code::none;
}

}  // namespace

error_code transaction_coordinator::add(std::string_view id, const claim& by,
                                        const partition_set& partitions,
                                        std::int16_t client_version, moment now, effects& out) {
  if (!loaded_) return error_code::coordinator_load_in_progress;
  if (id.empty()) return error_code::invalid_request;
  const auto at = transactions_.find(id);
  if (at == transactions_.end()) return error_code::invalid_producer_id_mapping;
  const auto& t = at->second.is;
  // Before all else: the claim may be of the producer id that comes next.
  if (t.prepared() && !broken_.adds_when_decided) return error_code::concurrent_transactions;
  if (t.producer != by.producer) return error_code::invalid_producer_id_mapping;
  if ((t.epoch != by.epoch && !broken_.adds_for_anyone) || by.epoch > last_epoch_of_clients)
    return error_code::producer_fenced;
  const bool begins = t.state != transaction_state::ongoing;
  if (!begins && std::ranges::includes(t.partitions, partitions)) return error_code::none;

  auto next = with_partitions(t, partitions, client_version, now.wall);
  if (encode_value(next).size() > settings_.record_bytes_max)
    return error_code::unknown_server_error;
  const auto added = emit(id, std::move(next), out);
  if (begins && !added->second.is.never_times_out())
    set_due(added, now.steady_ms + added->second.is.timeout_ms);
  return error_code::none;
}

void transaction_coordinator::on(const add_partitions_to_txn_request& r, const request_context& c,
                                 effects& out) {
  add_partitions_to_txn_response answer;
  if (c.api_version < brokers_ask_from) {
    const claim by{producer_id(r.v3_and_below_producer_id),
                   producer_epoch(r.v3_and_below_producer_epoch)};
    const auto error =
        for_version(add(r.v3_and_below_transactional_id, by, all_of(r.v3_and_below_topics),
                        classic_transactions, c.now, out),
                    c.api_version, fenced_from);
    answer.results_by_topic_v3_and_below =
        answer_each(r.v3_and_below_topics, [&](const text&, std::int32_t) { return error; });
  }
  for (const auto& one : r.transactions) {
    auto& result = answer.results_by_transaction.emplace_back();
    result.transactional_id = one.transactional_id;
    const claim by{producer_id(one.producer_id), producer_epoch(one.producer_epoch)};
    if (!one.verify_only) {
      const auto error =
          add(one.transactional_id, by, all_of(one.topics), epoch_bumped_transactions, c.now, out);
      result.topic_results =
          answer_each(one.topics, [&](const text&, std::int32_t) { return error; });
      continue;
    }
    const auto* t = find(one.transactional_id);
    const auto error = !loaded_                       ? error_code::coordinator_load_in_progress
                       : one.transactional_id.empty() ? error_code::invalid_request
                                                      : verify(t, by);
    result.topic_results = answer_each(one.topics, [&](const text& topic, std::int32_t p) {
      if (broken_.verifies_anything) return error_code::none;
      if (error != error_code::none) return error;
      const bool there = t->partitions.contains({topic.str(), partition_id(p)});
      return there ? error_code::none : error_code::transaction_abortable;
    });
  }
  out.answers.emplace_back(c.ticket, std::move(answer));
}

void transaction_coordinator::on(const add_offsets_to_txn& r, const request_context& c,
                                 effects& out) {
  const claim by{producer_id(r.request.producer_id), producer_epoch(r.request.producer_epoch)};
  // Version 2 adds the partition when the offsets arrive there: this is an older client.
  kafka::add_offsets_to_txn_response answer;
  answer.error = error_code::invalid_group_id;
  if (!r.request.group_id.empty()) {
    answer.error = for_version(
        add(r.request.transactional_id, by, {{"__consumer_offsets", r.offsets_partition}},
            classic_transactions, c.now, out),
        c.api_version, fenced_from);
  }
  out.answers.emplace_back(c.ticket, std::move(answer));
}

}  // namespace weir::transaction
