#include "core/transaction/coordinator_test.h"

namespace weir::transaction {
namespace {

using enum kafka::error_code;
using enum transaction_state;

marker_report report(const markers_to_send& m, std::size_t which) {
  return {m.transactional_id, m.ending, m.partitions.at(which)};
}

// A transaction in three partitions whose end is decided.
markers_to_send prepare_three(tested_coordinator& c, std::int16_t version = bumping_end) {
  const auto p = c.init("a");
  REQUIRE(c.broker_adds("a", by(p), {at("t", 0), at("t", 1), at("u", 0)}) == none);
  REQUIRE(c.end("a", by(p), true, version).error == none);
  REQUIRE(c.markers.size() == 1);
  REQUIRE(c.markers[0].partitions.size() == 3);
  return std::exchange(c.markers, {}).at(0);
}

TEST_CASE("a transaction is complete when every partition has its marker") {
  tested_coordinator c;
  const auto m = prepare_three(c);
  const auto records = c.log.size();
  c.take(c.is->marker_written(report(m, 1), c.now));
  c.take(c.is->marker_written(report(m, 1), c.now));
  c.take(c.is->marker_written(report(m, 0), c.now));
  CHECK(c.state("a") == prepare_commit);
  CHECK(c.log.size() == records);
  c.take(c.is->marker_written(report(m, 2), c.now));
  CHECK(c.state("a") == complete_commit);
  CHECK(c.log.size() == records + 1);
  CHECK(c.is->find("a")->partitions.empty());
}

TEST_CASE("partitions that are gone, or whose producer went on, are done") {
  tested_coordinator c;
  const auto m = prepare_three(c);
  c.take(c.is->marker_failed(report(m, 0), marker_failure::gone, c.now));
  c.take(c.is->marker_failed(report(m, 1), marker_failure::superseded, c.now));
  CHECK(c.state("a") == prepare_commit);
  c.take(c.is->marker_failed(report(m, 2), marker_failure::gone, c.now));
  CHECK(c.state("a") == complete_commit);
}

TEST_CASE("what can't be written is sent again, less and less often") {
  tested_coordinator c;
  const auto m = prepare_three(c);
  c.take(c.is->marker_written(report(m, 0), c.now));
  for (const std::int64_t wait : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    c.take(c.is->marker_failed(report(m, 2), marker_failure::unreachable, c.now));
    CHECK(c.markers.empty());
    CHECK(c.is->next_deadline() == c.now.steady_ms + wait);
    c.pass(wait - 1);
    CHECK(c.markers.empty());
    c.pass(1);
    REQUIRE(c.markers.size() == 1);
    CHECK(c.markers[0].partitions == std::vector{at("u", 0)});
    CHECK(c.markers[0].ending == m.ending);
    c.markers.clear();
  }
}

TEST_CASE("a marker of version 2 of which nothing is heard is sent again, one of version 1 never") {
  tested_coordinator c;
  const bool bumps = GENERATE(true, false);
  const auto m = prepare_three(c, bumps ? bumping_end : classic_end);
  c.take(c.is->marker_written(report(m, 1), c.now));
  c.pass(29'999);
  CHECK(c.markers.empty());
  c.pass(1);
  CHECK(c.markers.size() == (bumps ? 1 : 0));
  if (bumps) CHECK(c.markers[0].partitions == std::vector{at("t", 0), at("u", 0)});
  c.markers.clear();
  c.take(c.is->marker_failed(report(m, 0), marker_failure::unreachable, c.now));
  c.pass(100);
  REQUIRE(c.markers.size() == 1);
  CHECK(c.markers[0].partitions == std::vector{at("t", 0)});
}

TEST_CASE("the next leader sends all markers, and believes no report about those of the last one") {
  tested_coordinator c;
  const auto m = prepare_three(c);
  c.take(c.is->marker_written(report(m, 0), c.now));
  c.start();
  REQUIRE(c.markers.size() == 1);
  const auto again = c.markers[0];
  CHECK(again.partitions == m.partitions);
  CHECK(again.coordinator_epoch == m.coordinator_epoch + 1);
  CHECK(again.epoch == m.epoch);
  CHECK(again.commit);
  for (std::size_t i = 0; i < 3; ++i) c.take(c.is->marker_written(report(m, i), c.now));
  CHECK(c.state("a") == prepare_commit);
  c.write_markers();
  CHECK(c.state("a") == complete_commit);
}

// Producer and epoch are the same in both: only the number of the ending tells.
TEST_CASE("a late report counts for no later transaction of version 1") {
  tested_coordinator c;
  const auto first = prepare_three(c, classic_end);
  for (std::size_t i = 0; i < 3; ++i) c.take(c.is->marker_written(report(first, i), c.now));
  REQUIRE(c.add("a", by(100, 0), {at("t", 0)}) == none);
  REQUIRE(c.end("a", by(100, 0), false, classic_end).error == none);
  c.take(c.is->marker_written(report(first, 0), c.now));
  c.take(c.is->marker_failed(report(first, 0), marker_failure::gone, c.now));
  CHECK(c.state("a") == prepare_abort);
  c.write_markers();
  CHECK(c.state("a") == complete_abort);
  c.take(c.is->marker_written({"nobody", first.ending, at("t", 0)}, c.now));
}

TEST_CASE("ids that are not used are forgotten, if nothing is open") {
  tested_coordinator c({.id_expiration_ms = 3 * 3'600'000LL, .done_per_tick = 2});
  for (const char* id : {"a", "b", "c", "d", "e"}) REQUIRE(c.init(id).error == none);
  c.has_fresh = false;
  REQUIRE(c.broker_adds("b", by(101, 0), {at("t", 0)}) == none);
  REQUIRE(c.end("b", by(101, 0), true).error == none);  // and its marker never arrives
  c.pass(3'600'000);
  REQUIRE(c.init("d").error == none);
  CHECK(c.is->size() == 5);
  c.pass(3'600'000);
  const auto records = c.log.size();
  c.pass(3'600'000);
  CHECK(c.is->size() == 3);
  CHECK(c.log.size() == records + 2);
  CHECK_FALSE(c.log.back().value);
  CHECK(c.is->next_deadline().value() <= c.now.steady_ms);  // there is more to do
  c.pass(0);
  CHECK(c.is->size() == 2);
  CHECK(c.is->find("b") != nullptr);
  CHECK(c.is->find("d") != nullptr);
  CHECK(c.broker_adds("a", by(100, 0), {at("t", 0)}) == invalid_producer_id_mapping);
  c.write_markers();
  c.start();
  CHECK(c.is->size() == 2);
  for (int hour = 0; hour < 4; ++hour) c.pass(3'600'000);
  CHECK(c.is->size() == 0);
}

TEST_CASE("large steps become several batches") {
  tested_coordinator c({.batch_bytes = 100});
  for (int i = 0; i < 20; ++i) {
    const auto id = std::to_string(i);
    const auto p = c.init(id, by(-1, -1), init_version, 1'000);
    REQUIRE(c.broker_adds(id, by(p), {at("t", i)}) == none);
  }
  c.pass(1'000);
  CHECK(c.markers.size() == 20);
  CHECK((c.last_batches > 5 && c.last_batches < 20));
}

}  // namespace
}  // namespace weir::transaction
