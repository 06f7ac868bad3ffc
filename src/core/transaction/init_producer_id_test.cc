#include "core/transaction/coordinator_test.h"

namespace weir::transaction {
namespace {

using enum kafka::error_code;
using enum transaction_state;

TEST_CASE("a new id gets a producer that nobody has; each later one the next epoch") {
  tested_coordinator c;
  CHECK(c.init("a") == granted{.producer = 100, .epoch = 0});
  CHECK(c.init("b") == granted{.producer = 101, .epoch = 0});
  CHECK(c.init("a") == granted{.producer = 100, .epoch = 1});
  c.start();
  CHECK(c.init("a") == granted{.producer = 100, .epoch = 2});
  CHECK(c.state("a") == empty);
  CHECK(c.is->find("a")->timeout_ms == usual_timeout);
}

TEST_CASE("what can't be is refused") {
  tested_coordinator c({.ids_max = 2});
  CHECK(c.init("").error == invalid_request);
  CHECK(c.init("a", by(-1, -1), 6, 0).error == invalid_transaction_timeout);
  CHECK(c.init("a", by(-1, -1), 6, 900'001).error == invalid_transaction_timeout);
  CHECK(c.init("a", by(-1, -1), 6, 900'000).error == none);
  CHECK(c.init("b").error == none);
  CHECK(c.init("c").error == policy_violation);
  CHECK(c.init("b").epoch == 1);

  kafka::init_producer_id_request r;
  r.transactional_id = "a";
  r.transaction_timeout_ms = 1000;
  r.keep_prepared_txn = true;
  CHECK(c.ask<kafka::init_producer_id_response>(r, 6).error == unsupported_version);
  r.keep_prepared_txn = false;
  r.enable2_pc = true;
  CHECK(c.ask<kafka::init_producer_id_response>(r, 6).error ==
        transactional_id_authorization_failed);
  c.settings.two_phase_commit = true;
  c.is->configure(c.settings);
  CHECK(c.ask<kafka::init_producer_id_response>(r, 6).error == none);
  CHECK(c.is->find("a")->never_times_out());
  r.transactional_id.reset();
  CHECK(c.ask<kafka::init_producer_id_response>(r, 6).error == invalid_request);
}

TEST_CASE("while the log is read, clients hear that, and nothing changes") {
  transaction_coordinator c(1, {});
  kafka::init_producer_id_request init;
  init.transactional_id = "a";
  init.transaction_timeout_ms = 1000;
  CHECK(c.needs_producer_id(init));
  auto out = c.step(init, {.api_version = 6, .fresh_producer = producer_id(1)});
  CHECK(std::get<kafka::init_producer_id_response>(out.answers.at(0).second).error ==
        coordinator_load_in_progress);
  CHECK(out.batches.empty());
  CHECK_FALSE(out.took_fresh_producer);
  kafka::end_txn_request end;
  end.transactional_id = "a";
  out = c.step(end, {.api_version = 5});
  CHECK(std::get<kafka::end_txn_response>(out.answers.at(0).second).error ==
        coordinator_load_in_progress);
  CHECK(c.tick({.steady_ms = 1'000'000'000, .wall = timestamp(0)}).batches.empty());
  CHECK_FALSE(c.next_deadline());
}

TEST_CASE("without a producer id at hand the client asks again") {
  tested_coordinator c;
  c.has_fresh = false;
  CHECK(c.init("a") == refused(coordinator_load_in_progress));
  CHECK(c.is->size() == 0);
  c.has_fresh = true;
  CHECK(c.init("a").error == none);
}

TEST_CASE("a producer that goes on after an error names itself (KIP-360)") {
  tested_coordinator c;
  const auto first = c.init("a");
  SECTION("and gets the next epoch, also when it has to ask twice") {
    CHECK(c.init("a", by(first)).epoch == 1);
    CHECK(c.init("a", by(first)).epoch == 1);
    CHECK(c.init("a", by(first.producer, 1)).epoch == 2);
    CHECK(c.init("a", by(first)).error == producer_fenced);
  }
  SECTION("but not once another one took over") {
    CHECK(c.init("a").epoch == 1);
    CHECK(c.init("a", by(first)).error == producer_fenced);
    CHECK(c.init("a", by(first), 3).error == invalid_producer_epoch);
  }
  SECTION("after a change of leaders a repeat is fenced: nobody knows whose epoch it was") {
    CHECK(c.init("a", by(first)).epoch == 1);
    c.start();
    CHECK(c.init("a", by(first)).error == producer_fenced);
    CHECK(c.init("a", by(first.producer, 1)).epoch == 2);
  }
  SECTION("of an id that is gone, it is as good as new") {
    c.pass(8LL * 86'400'000);
    CHECK(c.is->size() == 0);
    CHECK(c.init("a", by(first)) == granted{.producer = 101, .epoch = 0});
  }
  CHECK(c.init("a", by(99, 0)).error == producer_fenced);
}

TEST_CASE("after the last epoch comes another producer id") {
  tested_coordinator c;
  transaction t{};
  t.producer = producer_id(7);
  t.epoch = last_epoch_of_clients - std::int16_t{1};
  t.timeout_ms = usual_timeout;
  put(c, "a", t);
  const auto last = c.init("a");
  CHECK(last == granted{.producer = 7, .epoch = 32766});
  SECTION("for whoever comes next") {
    CHECK(c.init("a") == granted{.producer = 100, .epoch = 0});
    CHECK(c.init("a", by(last)).error == producer_fenced);
    CHECK(c.is->find("a")->previous_producer == producer_id(7));
  }
  SECTION("for the same one, also when it has to ask twice") {
    CHECK(c.init("a", by(last)) == granted{.producer = 100, .epoch = 0});
    CHECK(c.init("a", by(last)) == granted{.producer = 100, .epoch = 0});
    CHECK(c.init("a", by(100, 0)) == granted{.producer = 100, .epoch = 1});
    CHECK(c.init("a", by(last)).error == producer_fenced);
  }
  SECTION("and while there is none, not at all") {
    c.has_fresh = false;
    CHECK(c.init("a") == refused(coordinator_load_in_progress));
  }
  SECTION("fencing takes the epoch that no client gets") {
    REQUIRE(c.broker_adds("a", by(last), {at("t", 0)}) == none);
    CHECK(c.init("a").error == concurrent_transactions);
    REQUIRE(c.markers.size() == 1);
    CHECK(c.markers[0].epoch == last_epoch_there_is);
    c.write_markers();
    // Nobody has that epoch, whatever they say.
    CHECK(c.end("a", by(last), false).error == producer_fenced);
    CHECK(c.end("a", by(7, 32767), false).error == producer_fenced);
    CHECK(c.broker_adds("a", by(7, 32767), {at("t", 0)}) == producer_fenced);
    CHECK(c.init("a", by(last)).error == producer_fenced);
    c.start();
    CHECK(c.init("a", by(last)).error == producer_fenced);
    CHECK(c.init("a") == granted{.producer = 100, .epoch = 0});
  }
}

TEST_CASE("a new producer waits until the transaction of the one before is aborted") {
  tested_coordinator c;
  const auto old = c.init("a");
  REQUIRE(c.broker_adds("a", by(old), {at("t", 0), at("t", 1)}) == none);
  CHECK(c.init("a") == refused(concurrent_transactions));
  CHECK(c.state("a") == prepare_abort);
  REQUIRE(c.markers.size() == 1);
  CHECK(c.markers[0].epoch == producer_epoch(1));
  CHECK_FALSE(c.markers[0].commit);
  CHECK(c.markers[0].transaction_version == 2);
  // Meanwhile the old one may do nothing.
  CHECK(c.end("a", by(old), true).error == concurrent_transactions);
  CHECK(c.end("a", by(old), true, classic_end).error == producer_fenced);
  CHECK(c.verify("a", by(old), {at("t", 0)}) == producer_fenced);
  CHECK(c.init("a") == refused(concurrent_transactions));
  c.write_markers();
  CHECK(c.state("a") == complete_abort);
  CHECK(c.init("a") == granted{.producer = 100, .epoch = 2});
  CHECK(c.end("a", by(old), true).error == producer_fenced);
  CHECK(c.end("a", by(old), false).error == producer_fenced);
  CHECK(c.broker_adds("a", by(old), {at("t", 0)}) == producer_fenced);
  CHECK(c.init("a", by(old)).error == producer_fenced);
}

TEST_CASE("a producer that has something open may begin anew, and is not fenced by its own abort") {
  tested_coordinator c;
  const auto p = c.init("a");
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0)}) == none);
  CHECK(c.init("a", by(p)) == refused(concurrent_transactions));
  CHECK(c.init("a", by(p)) == refused(concurrent_transactions));
  c.write_markers();
  if (GENERATE(true, false)) c.start();
  CHECK(c.init("a", by(p)) == granted{.producer = 100, .epoch = 1});
  CHECK(c.broker_adds("a", by(p), {at("t", 0)}) == producer_fenced);
  CHECK(c.broker_adds("a", by(100, 1), {at("t", 0)}) == none);
}

TEST_CASE("who was fenced aborts nothing of its successor") {
  tested_coordinator c;
  const auto old = c.init("a");
  const auto next = c.init("a");
  REQUIRE(c.broker_adds("a", by(next), {at("t", 0)}) == none);
  CHECK(c.init("a", by(old)).error == producer_fenced);
  CHECK(c.state("a") == ongoing);
  CHECK(c.end("a", by(next), true).error == none);
}

TEST_CASE("a cluster at version 1 fences with one epoch") {
  tested_coordinator c({.feature_level = 1});
  const auto old = c.init("a");
  REQUIRE(c.add("a", by(old), {at("t", 0)}) == none);
  CHECK(c.init("a").error == concurrent_transactions);
  REQUIRE(c.markers.size() == 1);
  CHECK(c.markers[0].epoch == producer_epoch(1));
  CHECK(c.markers[0].transaction_version == 1);
  c.write_markers();
  CHECK(c.end("a", by(old), false, classic_end).error == producer_fenced);
  CHECK(c.end("a", by(old), false).error == producer_fenced);  // nor is it a repeat
  CHECK(c.init("a").epoch == 2);
}

}  // namespace
}  // namespace weir::transaction
