#include "engine/coordinator/transaction_verifier.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>
#include <map>

#include "core/base/check.h"
#include "engine/cluster/calls.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using kafka::error_code;

constexpr auto call_patience = 10s;
// Where the transaction before is still ending. Its markers mostly take a few flushes, so the first
// pauses are short: a client's whole transaction takes little more. About 100 ms in all, as Kafka's
// add.partitions.to.txn.retry.backoff.max.ms.
constexpr auto first_pause = 1ms;
constexpr auto pause_max = 32ms;
constexpr int tries = 8;

error_code code_of(coordinator_error why) {
  switch (why) {
    case coordinator_error::loading:
      return error_code::coordinator_load_in_progress;
    case coordinator_error::not_here:
    case coordinator_error::no_topic:
      return error_code::not_coordinator;
    case coordinator_error::crowded:
    case coordinator_error::no_space:
    case coordinator_error::invalid_producer_epoch:
    case coordinator_error::invalid_transaction:
      return error_code::coordinator_not_available;
  }
  weir_check(false, "coordinator error {}", static_cast<int>(why));
}

}  // namespace

transaction_verifier::transaction_verifier(seastar::sharded<cluster>& where,
                                           seastar::sharded<peer::peer_links>& links,
                                           seastar::sharded<transactions_of_shard>& coordinators)
    : where_(where), links_(links), coordinators_(coordinators) {}

void transaction_verifier::start() {
  links_.local().serve(calls::verify_transactions,
                       [this](node_id, fragments payload) { return serve(std::move(payload)); });
}

transaction_verifier::asked transaction_verifier::request_of(
    const asked_transaction& question) const {
  asked out;
  auto& t = out.transactions.emplace_back();
  t.transactional_id = text(question.transactional_id);
  t.producer_id = question.producer.value();
  t.producer_epoch = question.epoch.value();
  t.verify_only = !question.add;
  std::map<uuid, std::vector<std::int32_t>> by_topic;
  for (const auto& key : question.partitions) by_topic[key.topic_id].push_back(key.partition);
  for (const auto& [id, partitions] : by_topic) {
    const auto* known = where_.local().catalog().find(id);
    if (!known) continue;  // deleted meanwhile: nothing is told of it
    auto& topic = t.topics.emplace_back();
    topic.name = text(known->name);
    for (const auto p : partitions) topic.partitions.push_back(p);
  }
  return out;
}

seastar::future<std::vector<error_code>> transaction_verifier::ask(asked_transaction question) {
  std::vector<error_code> codes(question.partitions.size(), error_code::coordinator_not_available);
  auto pause = std::chrono::milliseconds(first_pause);
  for (int n = 0; n < tries; ++n) {
    const auto got = co_await ask_once(question.transactional_id, request_of(question));
    if (!got) {
      codes.assign(codes.size(), got.error());
      co_return codes;
    }
    std::map<std::pair<std::string_view, std::int32_t>, error_code> told;
    bool ending = false;
    for (const auto& t : got->results_by_transaction) {
      for (const auto& topic : t.topic_results) {
        for (const auto& p : topic.results_by_partition) {
          told[{topic.name.view(), p.partition_index}] = p.partition_error;
          ending |= p.partition_error == error_code::concurrent_transactions;
        }
      }
    }
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const auto& key = question.partitions[i];
      const auto* known = where_.local().catalog().find(key.topic_id);
      const auto at = known ? told.find({known->name, key.partition}) : told.end();
      codes[i] = at == told.end() ? error_code::unknown_topic_or_partition : at->second;
    }
    if (!ending || !question.add) co_return codes;
    if (co_await fibers_.stopped_within(pause)) co_return codes;
    pause = std::min<std::chrono::milliseconds>(2 * pause, pause_max);
  }
  co_return codes;
}

seastar::future<std::expected<transaction_verifier::told, error_code>>
transaction_verifier::ask_once(std::string id, asked request) {
  const auto* t = coordinators_.local().found();
  const auto partition = coordinators_.local().partition_of(id);
  if (!t || !partition) co_return std::unexpected(error_code::coordinator_not_available);
  const auto leader = where_.local().leader_of({t->id, *partition}).node;
  if (leader == where_.local().settings().self) co_return co_await ask_here(std::move(request));
  if (leader == catalog::no_node) co_return std::unexpected(error_code::coordinator_not_available);
  const auto got = co_await links_.local().call(leader, seastar::this_shard_id(),
                                                calls::verify_transactions, calls::encode(request),
                                                seastar::lowres_clock::now() + call_patience);
  if (!got) co_return std::unexpected(error_code::coordinator_not_available);
  co_return calls::decode<told>(*got);
}

seastar::future<std::expected<transaction_verifier::told, error_code>>
transaction_verifier::ask_here(asked request) {
  told out;
  for (auto& t : request.transactions) {
    const auto id = t.transactional_id.str();
    asked one;
    one.transactions.push_back(std::move(t));
    auto got = co_await coordinators_.local().ask(
        id, {.is = std::move(one), .api_version = asked::version_max}, id.size());
    if (!got) co_return std::unexpected(code_of(got.error()));
    auto* answer = std::get_if<told>(&*got);
    weir_check(answer != nullptr, "a transaction coordinator answered with alternative {}",
               got->index());
    for (auto& r : answer->results_by_transaction)
      out.results_by_transaction.push_back(std::move(r));
  }
  co_return out;
}

// An error of the whole question is told in the message, too.
seastar::future<fragments> transaction_verifier::serve(fragments payload) {
  auto request = calls::decode<asked>(payload);
  auto got = co_await ask_here(request);
  if (got) co_return calls::encode(*got);
  told out;
  for (const auto& t : request.transactions) {
    auto& result = out.results_by_transaction.emplace_back();
    result.transactional_id = t.transactional_id;
    for (const auto& topic : t.topics) {
      auto& topics = result.topic_results.emplace_back();
      topics.name = topic.name;
      for (const auto p : topic.partitions)
        topics.results_by_partition.push_back(
            {.partition_index = p, .partition_error = got.error(), .unknown = {}});
    }
  }
  co_return calls::encode(out);
}

}  // namespace weir
