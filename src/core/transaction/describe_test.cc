#include "core/transaction/coordinator_test.h"

namespace weir::transaction {
namespace {

using enum kafka::error_code;

std::vector<std::string> listed(tested_coordinator& c, const kafka::list_transactions_request& r) {
  const auto a = c.ask<kafka::list_transactions_response>(r, 2);
  CHECK(a.error == none);
  std::vector<std::string> ids;
  for (const auto& t : a.transaction_states) ids.push_back(t.transactional_id.str());
  return ids;
}

using ids = std::vector<std::string>;

TEST_CASE("transactions are described") {
  tested_coordinator c;
  const auto p = c.init("a");
  REQUIRE(c.broker_adds("a", by(p), {at("u", 1), at("t", 0), at("t", 4)}) == none);
  kafka::describe_transactions_request r;
  for (const char* id : {"a", "", "nobody"}) r.transactional_ids.push_back(id);
  auto a = c.ask<kafka::describe_transactions_response>(r, 0);
  REQUIRE(a.transaction_states.size() == 3);
  const auto& t = a.transaction_states[0];
  CHECK(t.error == none);
  CHECK(t.transactional_id == "a");
  CHECK(t.transaction_state == "Ongoing");
  CHECK(t.transaction_timeout_ms == usual_timeout);
  CHECK(t.transaction_start_time_ms == c.now.wall.value());
  CHECK(t.producer_id == 100);
  CHECK(t.producer_epoch == 0);
  REQUIRE(t.topics.size() == 2);
  CHECK(t.topics[0].topic == "t");
  CHECK(t.topics[0].partitions == chunked_vector<std::int32_t>{0, 4});
  CHECK(t.topics[1].topic == "u");
  CHECK(t.topics[1].partitions == chunked_vector<std::int32_t>{1});
  CHECK(a.transaction_states[1].error == invalid_request);
  CHECK(a.transaction_states[2].error == transactional_id_not_found);

  // Of what is decided, the partitions that still wait.
  REQUIRE(c.end("a", by(p), false).error == none);
  c.take(c.is->marker_written({"a", c.markers.at(0).ending, at("t", 0)}, c.now));
  a = c.ask<kafka::describe_transactions_response>(r, 0);
  CHECK(a.transaction_states[0].transaction_state == "PrepareAbort");
  CHECK(a.transaction_states[0].topics[0].partitions == chunked_vector<std::int32_t>{4});
}

TEST_CASE("transactions are listed, by state, producer, age and name") {
  tested_coordinator c;
  for (const char* id : {"a1", "a2", "b1"}) REQUIRE(c.init(id).error == none);
  REQUIRE(c.broker_adds("a2", by(101, 0), {at("t", 0)}) == none);
  c.pass(5'000);
  REQUIRE(c.broker_adds("b1", by(102, 0), {at("t", 0)}) == none);
  c.pass(1'000);
  CHECK(listed(c, {}) == ids{"a1", "a2", "b1"});
  kafka::list_transactions_request r;
  r.state_filters = {"Ongoing"};
  CHECK(listed(c, r) == ids{"a2", "b1"});
  r.duration_filter = 1'000;
  CHECK(listed(c, r) == ids{"a2"});
  r.duration_filter = 999;
  CHECK(listed(c, r) == ids{"a2", "b1"});
  r.producer_id_filters = {102, 7};
  CHECK(listed(c, r) == ids{"b1"});
  r = {};
  r.transactional_id_pattern = text(".*1");
  CHECK(listed(c, r) == ids{"a1", "b1"});
  r.transactional_id_pattern = text("1");  // the whole id has to match
  CHECK(listed(c, r) == ids{});
  r.transactional_id_pattern = text("");
  CHECK(listed(c, r) == ids{"a1", "a2", "b1"});
  r.transactional_id_pattern = text("a(");
  const auto refused = c.ask<kafka::list_transactions_response>(r, 2);
  CHECK(refused.error == invalid_regular_expression);
  CHECK(refused.transaction_states.empty());
  r = {};
  r.state_filters = {"Ongoing", "Open", "Empty"};
  const auto a = c.ask<kafka::list_transactions_response>(r, 2);
  CHECK(a.transaction_states.size() == 3);
  CHECK(a.unknown_state_filters == chunked_vector<text>{"Open"});
  r.state_filters = {"Open"};
  CHECK(listed(c, r) == ids{});
}

TEST_CASE("states have Kafka's names and numbers") {
  const std::vector<std::string_view> names{"Empty",        "Ongoing",          "PrepareCommit",
                                            "PrepareAbort", "CompleteCommit",   "CompleteAbort",
                                            "Dead",         "PrepareEpochFence"};
  for (std::int8_t i = 0; i < transaction_state_count; ++i) {
    const auto state = static_cast<transaction_state>(i);
    CHECK(to_string(state) == names[static_cast<std::size_t>(i)]);
    CHECK(parse_transaction_state(to_string(state)) == state);
  }
  CHECK_FALSE(parse_transaction_state("ongoing"));
}

}  // namespace
}  // namespace weir::transaction
