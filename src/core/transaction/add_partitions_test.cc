#include "core/transaction/coordinator_test.h"

namespace weir::transaction {
namespace {

using enum kafka::error_code;
using enum transaction_state;

TEST_CASE("partitions are added once") {
  tested_coordinator c;
  const auto p = c.init("a");
  CHECK(c.add("a", by(p), {at("t", 0), at("u", 3)}) == none);
  CHECK(c.state("a") == ongoing);
  CHECK(c.is->find("a")->started == c.now.wall);
  CHECK(c.is->find("a")->client_version == classic_transactions);
  const auto records = c.log.size();
  CHECK(c.add("a", by(p), {at("u", 3)}) == none);
  CHECK(c.log.size() == records);
  CHECK(c.add("a", by(p), {at("u", 3), at("t", 1)}) == none);
  CHECK(c.log.size() == records + 1);
  CHECK(c.is->find("a")->partitions == partition_set{at("t", 0), at("t", 1), at("u", 3)});
  CHECK(c.broker_adds("a", by(p), {at("v", 0)}) == none);
  CHECK(c.is->find("a")->client_version == epoch_bumped_transactions);
}

TEST_CASE("who may not add") {
  tested_coordinator c;
  const auto p = c.init("a");
  CHECK(c.add("", by(p), {at("t", 0)}) == invalid_request);
  CHECK(c.add("b", by(p), {at("t", 0)}) == invalid_producer_id_mapping);
  CHECK(c.add("a", by(99, 0), {at("t", 0)}) == invalid_producer_id_mapping);
  CHECK(c.add("a", by(100, 1), {at("t", 0)}) == producer_fenced);
  CHECK(c.add("a", by(100, 1), {at("t", 0)}, 2) == producer_fenced);
  CHECK(c.add("a", by(100, 1), {at("t", 0)}, 1) == invalid_producer_epoch);
  CHECK(c.broker_adds("a", by(100, 1), {at("t", 0)}) == producer_fenced);
  CHECK(c.add_offsets("a", by(100, 1), 5) == producer_fenced);
  CHECK(c.add_offsets("a", by(100, 1), 5, 1) == invalid_producer_epoch);
  CHECK(c.add_offsets("a", by(p), 5, 3, "") == invalid_group_id);
  CHECK(c.state("a") == empty);
  CHECK(c.log.size() == 1);
}

TEST_CASE("the partition of a group's offsets is one like others") {
  tested_coordinator c;
  const auto p = c.init("a");
  CHECK(c.add_offsets("a", by(p), 42) == none);
  CHECK(c.is->find("a")->partitions == partition_set{at("__consumer_offsets", 42)});
  REQUIRE(c.end("a", by(p), true, classic_end).error == none);
  CHECK(c.markers.at(0).partitions == std::vector{at("__consumer_offsets", 42)});
  CHECK(c.add_offsets("a", by(p), 42) == concurrent_transactions);
}

TEST_CASE("leaders of partitions ask whether records belong to an open transaction") {
  tested_coordinator c;
  const auto p = c.init("a");
  CHECK(c.verify("a", by(p), {at("t", 0)}) == transaction_abortable);
  REQUIRE(c.add("a", by(p), {at("t", 0)}) == none);
  const auto records = c.log.size();
  CHECK(c.verify("a", by(p), {at("t", 0)}) == none);
  CHECK(c.verify("a", by(p), {at("t", 1)}) == transaction_abortable);
  CHECK(c.verify("", by(p), {at("t", 0)}) == invalid_request);
  CHECK(c.verify("b", by(p), {at("t", 0)}) == invalid_producer_id_mapping);
  CHECK(c.verify("a", by(99, 0), {at("t", 0)}) == invalid_producer_id_mapping);
  CHECK(c.verify("a", by(100, 1), {at("t", 0)}) == producer_fenced);
  CHECK(c.log.size() == records);
  REQUIRE(c.end("a", by(p), true, classic_end).error == none);
  CHECK(c.verify("a", by(p), {at("t", 0)}) == concurrent_transactions);
  c.write_markers();
  CHECK(c.verify("a", by(p), {at("t", 0)}) == transaction_abortable);
}

TEST_CASE("one request of a broker is about many transactions") {
  tested_coordinator c;
  const auto a = c.init("a");
  const auto b = c.init("b");
  REQUIRE(c.broker_adds("b", by(b), {at("t", 0)}) == none);
  kafka::add_partitions_to_txn_request r;
  const auto about = [&](const char* id, const granted& p, bool verify) {
    auto& one = r.transactions.emplace_back();
    one.transactional_id = id;
    one.producer_id = p.producer;
    one.producer_epoch = p.epoch;
    one.verify_only = verify;
    auto& topic = one.topics.emplace_back();
    topic.name = "t";
    topic.partitions = {0, 1};
  };
  about("a", a, false);
  about("b", b, true);
  about("c", b, false);
  const auto answer = c.ask<kafka::add_partitions_to_txn_response>(r, 5);
  REQUIRE(answer.results_by_transaction.size() == 3);
  const auto errors = [&](std::size_t of) {
    const auto& topics = answer.results_by_transaction[of].topic_results;
    REQUIRE(topics.size() == 1);
    std::vector<kafka::error_code> out;
    for (const auto& p : topics[0].results_by_partition) out.push_back(p.partition_error);
    return out;
  };
  CHECK(errors(0) == std::vector{none, none});
  CHECK(errors(1) == std::vector{none, transaction_abortable});
  CHECK(errors(2) == std::vector{invalid_producer_id_mapping, invalid_producer_id_mapping});
  CHECK(answer.error == none);
}

TEST_CASE("a transaction is no larger than a record may be") {
  tested_coordinator c({.record_bytes_max = 300});
  const auto p = c.init("a");
  std::int32_t added = 0;
  while (c.broker_adds("a", by(p), {at("t", added)}) == none) ++added;
  CHECK((added > 40 && added < 70));
  CHECK(c.broker_adds("a", by(p), {at("t", added)}) == unknown_server_error);
  CHECK(c.end("a", by(p), true).error == none);
  CHECK(c.markers.at(0).partitions.size() == static_cast<std::size_t>(added));
}

}  // namespace
}  // namespace weir::transaction
