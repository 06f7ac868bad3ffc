// Transactions as clients and coordinators see a partition's leader: Produce, WriteTxnMarkers,
// Fetch, ListOffsets, DescribeProducers.
#include "core/codec/describe_producers.h"
#include "core/codec/fetch.h"
#include "core/codec/list_offsets.h"
#include "core/codec/produce.h"
#include "core/codec/write_txn_markers.h"
#include "core/record/batch_builder.h"
#include "edge/kafka/served_broker_test.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using record::marker;

constexpr uuid topic_id{5, 6};
constexpr std::int16_t version1 = 11;  // of Produce: transactions of version 1
constexpr std::int16_t version2 = 12;

struct door final : transaction_door {
  error_code say = error_code::none;
  std::vector<transaction_question> asked;
  std::function<seastar::future<>()> meanwhile = [] { return seastar::make_ready_future<>(); };

  seastar::future<std::vector<error_code>> verify(transaction_question question) override {
    asked.push_back(question);
    co_await meanwhile();
    co_return std::vector<error_code>(question.partitions.size(), say);
  }
};

struct sent {
  std::int32_t sequence = 0;
  std::int16_t epoch = 0;
  std::int64_t producer = 40;
  bool transactional = true;
};

fragments batch_of(const sent& s) {
  record::batch_builder b({.producer = producer_id(s.producer),
                           .epoch = producer_epoch(s.epoch),
                           .base_sequence = s.sequence,
                           .transactional = s.transactional});
  b.add({.time = wall_clock(), .key = "k", .value = "v"});
  return b.finish();
}

struct transactions_world : served_broker {
  door asked_door;

  seastar::future<> open() {
    co_await start();
    co_await create_topic("t", topic_id);
    with().transactions = &asked_door;
  }

  seastar::future<kafka::produce_response::partition_response> produce(
      std::vector<sent> batches, std::int16_t version = version1, bool with_id = true) {
    kafka::produce_request in;
    if (with_id) in.transactional_id = text("mine");
    in.acks = -1;
    in.timeout_ms = 10'000;
    for (const auto& s : batches) {
      auto& topic = in.topic_data.emplace_back();
      topic.name = text("t");
      topic.topic_id = topic_id;
      auto& p = topic.partition_data.emplace_back();
      p.records = batch_of(s);
    }
    const auto out = co_await ask<kafka::produce_response>(std::move(in), version);
    co_return out.responses.back().partition_responses.front();
  }
  seastar::future<error_code> produced(sent s, std::int16_t version = version1) {
    co_return (co_await produce({s}, version)).error;
  }

  seastar::future<error_code> end(marker kind, std::int16_t epoch = 0, std::int32_t coordinator = 3,
                                  std::int8_t version = 1, std::string topic = "t") {
    kafka::write_txn_markers_request in;
    auto& m = in.markers.emplace_back();
    m.producer_id = 40;
    m.producer_epoch = epoch;
    m.transaction_result = kind == marker::commit;
    m.coordinator_epoch = coordinator;
    m.transaction_version = version;
    auto& t = m.topics.emplace_back();
    t.name = text(topic);
    t.partition_indexes.push_back(0);
    const auto out = co_await ask<kafka::write_txn_markers_response>(std::move(in), 2);
    co_return out.markers.front().topics.front().partitions.front().error;
  }

  seastar::future<kafka::fetch_response::partition> fetch(bool committed, std::int64_t from = 0) {
    kafka::fetch_request in;
    in.max_bytes = 1 << 20;
    in.isolation_level = committed ? 1 : 0;
    auto& t = in.topics.emplace_back();
    t.topic = text("t");
    auto& p = t.partitions.emplace_back();
    p.fetch_offset = from;
    p.partition_max_bytes = 1 << 20;
    auto out = co_await ask<kafka::fetch_response>(std::move(in), 12);
    co_return std::move(out.responses.front().partitions.front());
  }
  seastar::future<std::int64_t> latest(bool committed) {
    kafka::list_offsets_request in;
    in.isolation_level = committed ? 1 : 0;
    auto& t = in.topics.emplace_back();
    t.name = text("t");
    t.partitions.emplace_back().timestamp = -1;
    const auto out = co_await ask<kafka::list_offsets_response>(std::move(in), 7);
    co_return out.topics.front().partitions.front().offset;
  }
  seastar::future<kafka::describe_producers_response::partition> producers() {
    kafka::describe_producers_request in;
    auto& t = in.topics.emplace_back();
    t.name = text("t");
    t.partition_indexes.push_back(0);
    const auto out = co_await ask<kafka::describe_producers_response>(std::move(in), 0);
    co_return out.topics.front().partitions.front();
  }
};

// A test in a coroutine, stopped whatever becomes of it.
template <typename Test>
seastar::future<> in_world(Test test) {
  transactions_world w;
  co_await w.open();
  std::exception_ptr failed;
  try {
    co_await test(w);
  } catch (...) {
    failed = std::current_exception();
  }
  co_await w.stop();
  if (failed) std::rethrow_exception(failed);
}

std::size_t size_of(const kafka::fetch_response::partition& p) {
  return p.records ? p.records->size() : 0;
}

seastar::future<> see_two_transactions(transactions_world& w) {
  BOOST_REQUIRE(co_await w.produced({.sequence = 0}) == error_code::none);
  BOOST_REQUIRE(co_await w.produced({.sequence = 1}) == error_code::none);
  BOOST_REQUIRE_EQUAL(w.asked_door.asked.size(), 1u);
  BOOST_REQUIRE_EQUAL(w.asked_door.asked[0].transactional_id, "mine");
  BOOST_REQUIRE(w.asked_door.asked[0].partitions == std::vector{partition_key(topic_id, 0)});
  BOOST_REQUIRE(!w.asked_door.asked[0].add);
  BOOST_REQUIRE_EQUAL(co_await w.latest(false), 2);
  BOOST_REQUIRE_EQUAL(co_await w.latest(true), 0);
  auto all = co_await w.fetch(false);
  BOOST_REQUIRE_GT(size_of(all), 0u);
  BOOST_REQUIRE(!all.aborted_transactions);
  BOOST_REQUIRE_EQUAL(all.high_watermark, 2);
  BOOST_REQUIRE_EQUAL(all.last_stable_offset, 0);
  auto some = co_await w.fetch(true);
  BOOST_REQUIRE_EQUAL(size_of(some), 0u);
  BOOST_REQUIRE(some.error == error_code::none);
  auto known = co_await w.producers();
  BOOST_REQUIRE_EQUAL(known.active_producers.size(), 1u);
  BOOST_REQUIRE_EQUAL(known.active_producers.front().current_txn_start_offset, 0);
  BOOST_REQUIRE_EQUAL(known.active_producers.front().last_sequence, 1);
  BOOST_REQUIRE_EQUAL(known.active_producers.front().coordinator_epoch, -1);

  BOOST_REQUIRE(co_await w.end(marker::abort) == error_code::none);
  BOOST_REQUIRE_EQUAL(co_await w.latest(true), 3);
  some = co_await w.fetch(true);
  BOOST_REQUIRE_EQUAL(some.last_stable_offset, 3);
  BOOST_REQUIRE((some.aborted_transactions && some.aborted_transactions->size() == 1));
  BOOST_REQUIRE_EQUAL(some.aborted_transactions->front().producer_id, 40);
  BOOST_REQUIRE_EQUAL(some.aborted_transactions->front().first_offset, 0);
  BOOST_REQUIRE_GT(size_of(some), 0u);

  BOOST_REQUIRE(co_await w.produced({.sequence = 2}) == error_code::none);
  BOOST_REQUIRE_EQUAL(w.asked_door.asked.size(), 2u);
  BOOST_REQUIRE(co_await w.end(marker::commit) == error_code::none);
  some = co_await w.fetch(true, 3);
  BOOST_REQUIRE((some.aborted_transactions && some.aborted_transactions->empty()));
  BOOST_REQUIRE_GT(size_of(some), 0u);
  known = co_await w.producers();
  BOOST_REQUIRE_EQUAL(known.active_producers.front().current_txn_start_offset, -1);
  BOOST_REQUIRE_EQUAL(known.active_producers.front().coordinator_epoch, 3);
}

SEASTAR_TEST_CASE(committed_and_aborted_transactions_through_the_protocol) {
  return in_world(see_two_transactions);
}

seastar::future<> see_refusals(transactions_world& w) {
  using enum error_code;
  const auto without_id = co_await w.produce({{}}, version1, false);
  BOOST_REQUIRE(without_id.error == transactional_id_authorization_failed);
  const auto mixed = co_await w.produce({{}, {.producer = 41}});
  BOOST_REQUIRE(mixed.error == invalid_producer_id_mapping);
  BOOST_REQUIRE(w.asked_door.asked.empty());
  struct said {
    error_code coordinator;
    std::int16_t version;
    error_code told;
  };
  for (const auto& [coordinator, version, told] :
       {said{invalid_txn_state, 12, invalid_txn_state},
        said{transaction_abortable, 10, invalid_txn_state},
        said{transaction_abortable, 11, transaction_abortable},
        said{producer_fenced, 12, invalid_producer_epoch},
        said{concurrent_transactions, 11, not_enough_replicas},
        said{concurrent_transactions, 12, concurrent_transactions},
        said{not_coordinator, 12, not_enough_replicas},
        said{coordinator_not_available, 9, not_enough_replicas},
        said{coordinator_load_in_progress, 9, not_enough_replicas},
        said{invalid_producer_id_mapping, 12, invalid_producer_id_mapping}}) {
    w.asked_door.say = coordinator;
    BOOST_REQUIRE(co_await w.produced({}, version) == told);
    BOOST_REQUIRE_EQUAL(w.asked_door.asked.back().add, version >= version2);
  }
  w.asked_door.say = none;
  w.with().transactions = nullptr;
  BOOST_REQUIRE(co_await w.produced({}) == not_enough_replicas);
  w.with().transactions = &w.asked_door;
  BOOST_REQUIRE_EQUAL(co_await w.latest(false), 0);

  BOOST_REQUIRE(co_await w.produced({}) == none);
  BOOST_REQUIRE(co_await w.produced({.sequence = 1, .transactional = false}) == invalid_txn_state);
  BOOST_REQUIRE(co_await w.end(marker::commit, 0, 3, 1, "nobody's") == unknown_topic_or_partition);
  BOOST_REQUIRE(co_await w.end(marker::commit, 0, 3, 2) == invalid_producer_epoch);
  BOOST_REQUIRE(co_await w.end(marker::commit, 1, 3, 2) == none);
  BOOST_REQUIRE(co_await w.end(marker::commit, 1, 2, 2) == transaction_coordinator_fenced);
  BOOST_REQUIRE(co_await w.end(marker::commit, 0, 3, 1) == invalid_producer_epoch);
  BOOST_REQUIRE(co_await w.produced({.sequence = 1}, version2) == invalid_producer_epoch);
  BOOST_REQUIRE(co_await w.produced({.sequence = 1, .epoch = 1}, version2) ==
                out_of_order_sequence_number);
  BOOST_REQUIRE(co_await w.produced({.sequence = 0, .epoch = 1}, version2) == none);
}

SEASTAR_TEST_CASE(what_is_refused_and_how) {
  return in_world(see_refusals);
}

// The coordinator says yes, and ends the transaction before the answer arrives.
seastar::future<> see_a_late_answer(transactions_world& w) {
  bool ended = false;
  // It lives as long as the door.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
  w.asked_door.meanwhile = [&]() -> seastar::future<> {
    ended = co_await w.end(marker::abort) == error_code::none;
  };
  BOOST_REQUIRE(co_await w.produced({}) == error_code::invalid_txn_state);
  BOOST_REQUIRE(ended);
  BOOST_REQUIRE_EQUAL(co_await w.latest(true), 1);
  w.asked_door.meanwhile = [] { return seastar::make_ready_future<>(); };
  BOOST_REQUIRE(co_await w.produced({}) == error_code::none);
  BOOST_REQUIRE_EQUAL(co_await w.latest(true), 1);
}

SEASTAR_TEST_CASE(a_marker_voids_a_verification_under_way) {
  return in_world(see_a_late_answer);
}

}  // namespace
}  // namespace weir::edge
