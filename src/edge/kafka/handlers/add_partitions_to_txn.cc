// AddPartitionsToTxn: what a transaction writes to. Clients ask up to version 3, for one id; from
// version 4 on brokers do, for many ids of several coordinators' partitions (KIP-890).
#include "core/codec/add_partitions_to_txn.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_transaction.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::add_partitions_to_txn_request;
using kafka::add_partitions_to_txn_response;
using kafka::error_code;
using asked_topic = add_partitions_to_txn_request::add_partitions_to_txn_topic;
using told_topic = add_partitions_to_txn_response::add_partitions_to_txn_topic_result;
using told_transaction = add_partitions_to_txn_response::add_partitions_to_txn_result;

constexpr std::int16_t many_since = 4;

// The same error for all of them.
template <typename Topics>
chunked_vector<told_topic> refused(const Topics& topics, error_code why) {
  chunked_vector<told_topic> out;
  for (const auto& t : topics) {
    auto& told = out.emplace_back();
    told.name = t.name;
    for (const auto p : t.partitions)
      told.results_by_partition.push_back({.partition_index = p, .partition_error = why});
  }
  return out;
}

// All or nothing: if one partition does not exist, nothing is tried with the others.
template <typename Topics>
bool all_exist(const catalog::state& known, const Topics& topics, chunked_vector<told_topic>& out) {
  bool all = true;
  auto told = refused(topics, error_code::operation_not_attempted);
  for (auto& t : told) {
    const auto* topic = known.find(t.name.view());
    for (auto& p : t.results_by_partition) {
      if (topic && known.find(partition_key{topic->id, p.partition_index})) continue;
      p.partition_error = error_code::unknown_topic_or_partition;
      all = false;
    }
  }
  if (!all) out = std::move(told);
  return all;
}

seastar::future<> add_for_client(services& with, const request& r, add_partitions_to_txn_request in,
                                 add_partitions_to_txn_response& out) {
  auto& told = out.results_by_topic_v3_and_below;
  if (!all_exist(with.state.catalog(), in.v3_and_below_topics, told)) co_return;
  const auto id = in.v3_and_below_transactional_id;
  auto got = co_await ask_transaction<add_partitions_to_txn_response>(with, r, id.view(), in);
  told = got ? std::move(got->results_by_topic_v3_and_below)
             : refused(in.v3_and_below_topics, got.error());
}

seastar::future<told_transaction> add_one(services& with, const request& r,
                                          add_partitions_to_txn_request::transaction asked) {
  told_transaction told;
  told.transactional_id = asked.transactional_id;
  if (!all_exist(with.state.catalog(), asked.topics, told.topic_results)) co_return told;
  add_partitions_to_txn_request one;
  one.transactions.push_back(asked);
  auto got = co_await ask_transaction<add_partitions_to_txn_response>(
      with, r, asked.transactional_id.view(), std::move(one));
  if (got && !got->results_by_transaction.empty())
    co_return std::move(got->results_by_transaction.front());
  told.topic_results = refused(asked.topics, got ? error_code::unknown_server_error : got.error());
  co_return told;
}

seastar::future<add_partitions_to_txn_response> add(services& with, const request& r,
                                                    add_partitions_to_txn_request in) {
  add_partitions_to_txn_response out;
  if (r.header.version < many_since) {
    co_await add_for_client(with, r, std::move(in), out);
  } else {
    for (auto& asked : in.transactions)
      out.results_by_transaction.push_back(co_await add_one(with, r, std::move(asked)));
  }
  const auto count = [&](const auto& topics) {
    for (const auto& t : topics) {
      for (const auto& p : t.results_by_partition) with.meters.failed(p.partition_error);
    }
  };
  count(out.results_by_topic_v3_and_below);
  for (const auto& t : out.results_by_transaction) count(t.topic_results);
  co_return out;
}

}  // namespace

seastar::future<answer> add_partitions_to_txn(services& with, request r) {
  return serve<add_partitions_to_txn_request, &add>(with, std::move(r));
}

}  // namespace weir::edge
