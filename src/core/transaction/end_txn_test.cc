#include "core/transaction/coordinator_test.h"

namespace weir::transaction {
namespace {

using enum kafka::error_code;
using enum transaction_state;

TEST_CASE("a transaction of version 2: each has an epoch of its own") {
  tested_coordinator c;
  const auto p = c.init("a");
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  CHECK(c.end("a", by(p), true) == granted{.producer = 100, .epoch = 1});
  CHECK(c.state("a") == prepare_commit);
  REQUIRE(c.markers.size() == 1);
  CHECK(c.markers[0] == markers_to_send{.transactional_id = "a",
                                        .ending = c.markers[0].ending,
                                        .producer = producer_id(100),
                                        .epoch = producer_epoch(1),
                                        .commit = true,
                                        .coordinator_epoch = 7,
                                        .transaction_version = 2,
                                        .partitions = {at("t", 0)}});
  // Until all markers are there nothing begins.
  CHECK(c.broker_adds("a", by(100, 1), {at("t", 0)}) == concurrent_transactions);
  CHECK(c.verify("a", by(100, 1), {at("t", 0)}) == concurrent_transactions);
  CHECK(c.end("a", by(p), true).error == concurrent_transactions);
  CHECK(c.init("a").error == concurrent_transactions);
  c.write_markers();
  CHECK(c.state("a") == complete_commit);
  CHECK(c.broker_adds("a", by(100, 1), {at("t", 1)}) == none);
  CHECK(c.end("a", by(100, 1), false) == granted{.producer = 100, .epoch = 2});
  CHECK(c.state("a") == prepare_abort);
}

// The table of KIP-890, for what is not open: what comes again, and what comes next.
TEST_CASE("version 2 tells repeats from the next transaction by the epoch") {
  tested_coordinator c;
  const auto p = c.init("a");
  const bool commit = GENERATE(true, false);
  const bool changed_leader = GENERATE(true, false);
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  REQUIRE(c.end("a", by(p), commit).error == none);
  c.write_markers();
  if (changed_leader) c.start();
  const auto records = c.log.size();
  // Again: answered as the first time, and nothing happens.
  CHECK(c.end("a", by(p), commit) == granted{.producer = 100, .epoch = 1});
  CHECK(c.end("a", by(p), !commit) == refused(invalid_txn_state));
  CHECK(c.end("a", by(100, 1), true) == refused(invalid_txn_state));
  CHECK(c.end("a", by(100, 2), true) == refused(producer_fenced));
  CHECK(c.log.size() == records);
  // Nothing was added, but records may be on their way: the epoch goes on without them.
  CHECK(c.end("a", by(100, 1), false) == granted{.producer = 100, .epoch = 2});
  CHECK(c.state("a") == complete_abort);
  CHECK(c.markers.empty());
  CHECK(c.end("a", by(100, 1), false) == granted{.producer = 100, .epoch = 2});
  CHECK(c.broker_adds("a", by(100, 1), {at("t", 0)}) == producer_fenced);
  CHECK(c.end("a", by(p), commit) == refused(producer_fenced));
}

TEST_CASE("version 2 aborts a transaction that nothing was added to, but commits none") {
  tested_coordinator c;
  const auto p = c.init("a");
  CHECK(c.end("a", by(p), true) == refused(invalid_txn_state));
  CHECK(c.end("a", by(p), false) == granted{.producer = 100, .epoch = 1});
  CHECK(c.last_batches == 1);
  CHECK(c.log.size() == 3);
  CHECK(c.state("a") == complete_abort);
  CHECK(c.is->find("a")->started == c.now.wall);
}

// KAFKA-17754: what comes late meets a transaction that it is not about.
TEST_CASE("a late end of a former transaction touches no later one") {
  tested_coordinator c;
  const auto p = c.init("a");
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  REQUIRE(c.end("a", by(p), true).error == none);
  c.write_markers();
  REQUIRE(c.broker_adds("a", by(100, 1), {at("t", 0)}) == none);
  CHECK(c.end("a", by(p), true) == refused(producer_fenced));
  CHECK(c.end("a", by(p), false) == refused(producer_fenced));
  CHECK(c.broker_adds("a", by(p), {at("t", 1)}) == producer_fenced);
  CHECK(c.verify("a", by(p), {at("t", 0)}) == producer_fenced);
  CHECK(c.state("a") == ongoing);
  CHECK(c.is->find("a")->partitions == partition_set{at("t", 0)});
}

TEST_CASE("version 1 keeps the epoch, so that there a late end can't be told from the next one") {
  tested_coordinator c;
  const auto p = c.init("a");
  CHECK(c.end("a", by(p), true, classic_end) == refused(invalid_txn_state));
  REQUIRE(c.add("a", by(p), {at("t", 0)}) == none);
  CHECK(c.end("a", by(p), true, classic_end).error == none);
  REQUIRE(c.markers.size() == 1);
  CHECK(c.markers[0].epoch == producer_epoch(0));
  CHECK(c.markers[0].transaction_version == 0);
  CHECK(c.end("a", by(p), true, classic_end).error == concurrent_transactions);
  CHECK(c.end("a", by(p), false, classic_end).error == concurrent_transactions);
  CHECK(c.add("a", by(p), {at("t", 0)}) == concurrent_transactions);
  c.write_markers();
  CHECK(c.end("a", by(p), true, classic_end).error == none);
  CHECK(c.end("a", by(p), false, classic_end).error == invalid_txn_state);
  REQUIRE(c.add("a", by(p), {at("t", 1)}) == none);
  CHECK(c.end("a", by(p), true, classic_end).error == none);  // whichever it is
}

TEST_CASE("who may not end a transaction") {
  tested_coordinator c;
  const auto p = c.init("a");
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  for (const auto version : {classic_end, bumping_end}) {
    CHECK(c.end("", by(p), true, version).error == invalid_request);
    CHECK(c.end("b", by(p), true, version).error == invalid_producer_id_mapping);
    CHECK(c.end("a", by(99, 0), true, version).error == invalid_producer_id_mapping);
    CHECK(c.end("a", by(100, 1), true, version).error == producer_fenced);
  }
  CHECK(c.end("a", by(100, 1), true, 1).error == invalid_producer_epoch);
  CHECK(c.end("a", by(100, 1), true, 2).error == producer_fenced);
  CHECK(c.state("a") == ongoing);
}

TEST_CASE("the last epoch of a producer id ends with another id for the next transaction") {
  tested_coordinator c;
  transaction t{};
  t.producer = producer_id(7);
  t.epoch = last_epoch_of_clients;
  t.timeout_ms = usual_timeout;
  put(c, "a", t);
  const auto last = by(7, 32766);
  REQUIRE(c.broker_adds("a", last, {at("t", 0)}) == none);
  c.has_fresh = false;
  CHECK(c.end("a", last, true).error == coordinator_load_in_progress);
  CHECK(c.state("a") == ongoing);
  c.has_fresh = true;
  CHECK(c.end("a", last, true) == granted{.producer = 100, .epoch = 0});
  REQUIRE(c.markers.size() == 1);
  CHECK(c.markers[0].producer == producer_id(7));
  CHECK(c.markers[0].epoch == last_epoch_there_is);
  // The client may begin, and waits.
  CHECK(c.broker_adds("a", by(100, 0), {at("t", 0)}) == concurrent_transactions);
  CHECK(c.end("a", by(100, 0), false).error == concurrent_transactions);
  if (GENERATE(true, false)) {
    c.markers.clear();
    c.start();
    REQUIRE(c.markers.size() == 1);
    CHECK(c.markers[0].epoch == last_epoch_there_is);
  }
  c.write_markers();
  CHECK(c.end("a", last, true) == granted{.producer = 100, .epoch = 0});
  CHECK(c.end("a", last, false).error == invalid_txn_state);
  CHECK(c.broker_adds("a", by(100, 0), {at("t", 0)}) == none);
  CHECK(c.end("a", last, true).error == invalid_producer_id_mapping);
  CHECK(c.end("a", by(100, 0), false) == granted{.producer = 100, .epoch = 1});
}

TEST_CASE("what is too old is aborted, and its producer told so") {
  tested_coordinator c;
  const auto p = c.init("a", by(-1, -1), init_version, 10'000);
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  CHECK(c.is->next_deadline() == c.now.steady_ms + 10'000);
  c.pass(6'000);
  REQUIRE(c.broker_adds("a", by(p), {at("t", 1)}) == none);  // does not make it younger
  c.pass(3'999);
  CHECK(c.state("a") == ongoing);
  SECTION("by this leader") {
    c.pass(1);
  }
  SECTION("by the next one, which goes by the wall clock") {
    c.start();
    CHECK(c.state("a") == ongoing);
    CHECK(c.is->next_deadline() == c.now.steady_ms + 1);
    c.pass(1);
  }
  SECTION("at once where it is too old when the log was read") {
    c.now.wall += 1;
    c.start();
    CHECK(c.is->next_deadline() == c.now.steady_ms);
    c.pass(0);
  }
  SECTION("and never later than one timeout, however the wall clock jumps") {
    c.now.wall = timestamp(5);
    c.start();
    CHECK(c.is->next_deadline() == c.now.steady_ms + 10'000);
    c.pass(10'000);
  }
  CHECK(c.state("a") == prepare_abort);
  CHECK(c.end("a", by(p), true, classic_end).error == producer_fenced);
  c.write_markers();
  CHECK(c.state("a") == complete_abort);
  CHECK(c.broker_adds("a", by(p), {at("t", 0)}) == producer_fenced);
  CHECK(c.end("a", by(p), true).error == invalid_txn_state);
}

TEST_CASE("a producer whose transaction grew too old may go on") {
  tested_coordinator c;
  const auto p = c.init("a", by(-1, -1), init_version, 10'000);
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  c.pass(10'000);
  c.write_markers();
  SECTION("an abort is told that it is one") {
    CHECK(c.end("a", by(p), false) == granted{.producer = p.producer, .epoch = 1});
  }
  SECTION("it begins anew") {
    CHECK(c.init("a", by(p)) == granted{.producer = p.producer, .epoch = 1});
    CHECK(c.broker_adds("a", by(100, 1), {at("t", 0)}) == none);
  }
  SECTION("but not once another one took over") {
    CHECK(c.init("a").epoch == 2);
    CHECK(c.init("a", by(p)).error == producer_fenced);
  }
}

TEST_CASE("a distributed transaction has all the time it wants") {
  tested_coordinator c({.two_phase_commit = true});
  kafka::init_producer_id_request r;
  r.transactional_id = "a";
  r.enable2_pc = true;
  REQUIRE(c.ask<kafka::init_producer_id_response>(r, 6).error == none);
  REQUIRE(c.broker_adds("a", by(100, 0), {at("t", 0)}) == none);
  CHECK_FALSE(c.is->next_deadline());
  c.start();
  CHECK_FALSE(c.is->next_deadline());
  c.pass(100LL * 86'400'000);
  CHECK(c.end("a", by(100, 0), true).error == none);
}

}  // namespace
}  // namespace weir::transaction
