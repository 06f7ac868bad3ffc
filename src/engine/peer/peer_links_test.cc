// Messages between brokers: delivery, order, other numbers of shards, peers that go and come back.
#include "engine/peer/peer_links.h"

#include <set>

#include "engine/peer/two_brokers_test.h"

namespace weir::peer {

using namespace std::chrono_literals;
namespace {

std::uint64_t round_of(const raft_post& p) {
  return std::get<raft::heartbeat>(p.message.body).round;
}

// All of `count` rounds of partitions 0 and 1 came to the shards that own them, in their order.
seastar::future<> check_rounds(test_broker& at, std::uint64_t count) {
  for (unsigned shard = 0; shard < at.shards; ++shard) {
    const auto wanted = count * 2 / at.shards;
    BOOST_REQUIRE(co_await until([&at, shard, wanted]() -> seastar::future<bool> {
      co_return co_await at.got_on(shard) >= wanted;
    }));
    co_await at.inboxes->invoke_on(shard, [shard, wanted, shards = at.shards](recording_inbox& i) {
      BOOST_REQUIRE_EQUAL(i.got.size(), wanted);
      std::map<std::int32_t, std::uint64_t> next;
      for (const auto& p : i.got) {
        BOOST_REQUIRE_EQUAL(static_cast<unsigned>(p.group.partition) % shards, shard);
        BOOST_REQUIRE_EQUAL(round_of(p), next[p.group.partition]++);
      }
    });
  }
}

seastar::future<> send_rounds(test_broker& from, test_broker& to, std::uint64_t count) {
  for (std::uint64_t round = 0; round < count; ++round) {
    for (int partition = 0; partition < 2; ++partition) {
      from.local().post(heartbeat_of(from, to, partition, round));
    }
    if (round % 97 == 0) co_await seastar::yield();
  }
}

SEASTAR_TEST_CASE(messages_come_to_the_owning_shard_in_their_order) {
  pair_of_brokers two;
  co_await two.start();
  co_await send_rounds(two.a, two.b, 2000);
  co_await check_rounds(two.b, 2000);
  // Many left in one write.
  BOOST_CHECK_LT(two.a.meters(two.b).writes, 1000);
  BOOST_CHECK_EQUAL(two.a.meters(two.b).sent_messages, 4000);
  BOOST_CHECK_EQUAL(two.a.meters(two.b).dropped_messages, 0);
  co_await two.stop();
}

SEASTAR_TEST_CASE(what_is_posted_in_one_task_leaves_in_one_write) {
  pair_of_brokers two;
  co_await two.start([](peer_settings& s) { s.beat_interval = 1h; });
  // The way is open, and nothing else moves on it.
  two.a.local().post(heartbeat_of(two.a, two.b, 0, 0));
  BOOST_REQUIRE(
      co_await until([&]() -> seastar::future<bool> { co_return co_await two.b.got_on(0) == 1; }));
  const auto before = two.a.meters(two.b).writes;
  for (std::uint64_t i = 1; i <= 500; ++i) two.a.local().post(heartbeat_of(two.a, two.b, 0, i));
  BOOST_REQUIRE(co_await until(
      [&]() -> seastar::future<bool> { co_return co_await two.b.got_on(0) == 501; }));
  BOOST_CHECK_EQUAL(two.a.meters(two.b).writes - before, 1);
  co_await two.stop();
}

SEASTAR_TEST_CASE(brokers_may_have_different_numbers_of_shards) {
  for (const auto& [of_a, of_b] : {std::pair{2U, 1U}, std::pair{1U, 2U}}) {
    test_broker a(1, of_a);
    test_broker b(2, of_b);
    co_await a.start();
    co_await b.start();
    co_await a.knows(b);
    co_await b.knows(a);
    BOOST_REQUIRE(co_await a.connects(b));
    BOOST_REQUIRE(co_await b.connects(a));
    co_await send_rounds(a, b, 300);
    co_await check_rounds(b, 300);
    co_await send_rounds(b, a, 300);
    co_await check_rounds(a, 300);
    co_await a.stop();
    co_await b.stop();
  }
}

SEASTAR_TEST_CASE(no_append_of_a_group_passes_a_large_one_before_it) {
  pair_of_brokers two;
  co_await two.start();
  constexpr std::uint64_t count = 400;
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::size_t size = i % 7 == 0 ? 300'000 : 100;
    two.a.local().post(append_of(two.a, two.b, 0, i, size));
    if (i % 20 == 0) {
      BOOST_REQUIRE(co_await until(
          [&]() -> seastar::future<bool> { co_return co_await two.b.got_on(0) + 30 > i; }));
    }
  }
  BOOST_REQUIRE(co_await until(
      [&]() -> seastar::future<bool> { co_return co_await two.b.got_on(0) == count; }));
  // A large one may pass smaller ones before it, which are on the other way still.
  std::uint64_t largest = 0;
  std::set<std::uint64_t> came;
  for (const auto& p : two.b.inboxes->local().got) {
    const auto index = std::get<raft::append_request>(p.message.body).entries.front().index.value();
    const bool large = index % 7 == 0;
    BOOST_REQUIRE(p == append_of(two.a, two.b, 0, index, large ? 300'000 : 100));
    BOOST_REQUIRE(came.insert(index).second);
    BOOST_REQUIRE(index / 7 == 0 || came.contains(index / 7 * 7));
    if (large) {
      BOOST_REQUIRE_GT(index, largest);
      largest = index;
    }
  }
  co_await two.stop();
}

// Connections that end tell sooner than beats that don't come.
SEASTAR_TEST_CASE(a_peer_whose_connections_end_is_gone) {
  pair_of_brokers two;
  co_await two.start([](peer_settings& s) { s.silent_after = std::chrono::hours(1); });
  auto& [a, b] = two;
  const auto audible_on = [&](unsigned shard) {
    return a.links->invoke_on(shard,
                              [n = b.node](peer_links& l) { return l.heard_of().audible(n); });
  };
  const auto audible = [&]() -> seastar::future<bool> {
    co_return co_await audible_on(0) && co_await audible_on(1);
  };
  std::vector<node_id> silent;
  a.local().heard_of().on_silent = [&](node_id n) { silent.push_back(n); };
  BOOST_REQUIRE(co_await until(audible));
  BOOST_REQUIRE(silent.empty());
  co_await b.stop();
  BOOST_REQUIRE(co_await until([&]() -> seastar::future<bool> {
    co_return !co_await audible_on(0) && !co_await audible_on(1);
  }));
  BOOST_CHECK(silent == std::vector{b.node});
  co_await b.start();
  co_await b.knows(a);
  BOOST_REQUIRE(co_await until(audible));
  co_await two.stop();
}

SEASTAR_TEST_CASE(a_peer_that_dies_and_comes_back_is_found_again) {
  pair_of_brokers two;
  co_await two.start();
  auto& [a, b] = two;
  std::vector<node_id> silent;
  std::vector<node_id> restarted;
  a.local().heard_of().on_silent = [&](node_id n) { silent.push_back(n); };
  a.local().heard_of().on_restarted = [&](node_id n) { restarted.push_back(n); };
  BOOST_REQUIRE(co_await until([&] { return a.local().incarnation(b.node) == uuid{2, 1}; }));
  const auto heard = *a.local().last_heard(b.node);
  BOOST_REQUIRE(co_await until([&] { return *a.local().last_heard(b.node) > heard; }));
  // The other shard hears of it too.
  BOOST_REQUIRE(co_await until([&] {
    return a.links->invoke_on(
        1, [n = b.node](peer_links& l) { return l.incarnation(n) == uuid{2, 1}; });
  }));

  co_await b.stop();
  BOOST_REQUIRE(co_await until([&] { return !silent.empty(); }));
  BOOST_REQUIRE(co_await until([&] { return !a.local().connected(b.node); }));
  // Nothing is kept for a peer that is not there.
  const auto dropped = [&] {
    a.local().post(heartbeat_of(a, b, 0, 1));
    return a.meters(b).dropped_messages > 0;
  };
  BOOST_REQUIRE(co_await until(dropped));
  BOOST_CHECK(restarted.empty());

  co_await b.start();
  co_await b.knows(a);
  BOOST_REQUIRE(co_await a.connects(b));
  BOOST_REQUIRE(co_await until([&] { return !restarted.empty(); }));
  BOOST_CHECK(restarted == std::vector{b.node});
  BOOST_CHECK(silent == std::vector{b.node});
  BOOST_CHECK(a.local().incarnation(b.node) == (uuid{2, 2}));
  const auto comes = [&]() -> seastar::future<bool> {
    a.local().post(heartbeat_of(a, b, 0, 2));
    co_return co_await b.got_on(0) > 0;
  };
  BOOST_REQUIRE(co_await until(comes));
  co_await two.stop();
}

SEASTAR_TEST_CASE(another_broker_at_the_address_is_not_talked_to) {
  test_broker a(1);
  test_broker b(2);
  test_broker impostor(2);
  impostor.id = {66, 66};
  impostor.address = b.address;
  co_await a.start();
  co_await impostor.start();
  co_await a.knows(b);
  BOOST_REQUIRE(co_await until([&] { return a.meters(b).refusals >= 2; }));
  BOOST_CHECK(!a.local().connected(b.node));
  const auto refused = co_await a.local().call(b.node, 0, 1, {}, in(1s));
  BOOST_CHECK(refused.error() == call_error::unreachable);
  co_await impostor.stop();
  // And one of another cluster.
  co_await b.start([](peer_settings& s) { s.self.cluster_id = {9, 9}; });
  const auto before = a.meters(b).refusals;
  BOOST_REQUIRE(co_await until([&] { return a.meters(b).refusals >= before + 2; }));
  co_await b.stop();
  // The right one is taken as soon as it is there.
  co_await b.start();
  BOOST_REQUIRE(co_await a.connects(b));
  co_await a.stop();
  co_await b.stop();
}

SEASTAR_TEST_CASE(a_broker_that_moves_or_leaves_is_followed) {
  pair_of_brokers two;
  co_await two.start();
  auto& [a, b] = two;
  co_await b.stop();
  b.address.port = free_port();
  co_await b.start();
  co_await a.knows(b);
  BOOST_REQUIRE(co_await a.connects(b));
  co_await a.local().remove_broker(b.node);
  BOOST_CHECK(!a.local().connected(b.node));
  BOOST_REQUIRE(co_await until([&] { return b.local().incoming_count() == 0; }));
  a.local().post(heartbeat_of(a, b, 0, 1));  // to nobody
  co_await two.stop();
}

SEASTAR_TEST_CASE(stopping_amid_traffic_ends) {
  for (int round = 0; round < 5; ++round) {
    pair_of_brokers two;
    co_await two.start();
    two.b.local().serve(1, [](node_id, fragments payload) -> seastar::future<fragments> {
      co_await seastar::yield();
      co_return payload;
    });
    std::vector<seastar::future<call_result>> calls;
    for (std::uint64_t i = 1; i <= 200; ++i) {
      two.a.local().post(append_of(two.a, two.b, static_cast<int>(i % 2), i, i % 5 * 40'000));
      calls.push_back(two.a.local().call(two.b.node, 0, 1, fragments::copy("hello"), in(10s)));
      two.b.local().post(heartbeat_of(two.b, two.a, 0, i));
    }
    auto shipped = two.a.local().ship(heartbeat_of(two.a, two.b, 0, 1),
                                      fragments::copy(std::string(5'000'000, 's')));
    for (int turns = 0; turns < round * 50; ++turns) co_await seastar::yield();
    if (round % 2 == 0) {
      co_await two.a.stop();
      co_await two.b.stop();
    } else {
      co_await two.b.stop();
      co_await two.a.stop();
    }
    for (auto& c : calls) (void)co_await std::move(c);
    (void)co_await std::move(shipped);
  }
}

}  // namespace
}  // namespace weir::peer
