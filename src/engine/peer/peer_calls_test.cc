// Calls and states.
#include <seastar/core/shared_future.hh>

#include "engine/peer/two_brokers_test.h"

namespace weir::peer {

using namespace std::chrono_literals;
namespace {

constexpr std::int32_t echo = 1;
constexpr std::int32_t fails = 2;
constexpr std::int32_t waits = 3;
constexpr std::int32_t shard_number = 4;

struct serving : pair_of_brokers {
  seastar::promise<> release;
  bool released = false;
  seastar::shared_future<> wait{release.get_future()};

  seastar::future<> begin(std::function<void(peer_settings&)> change = {}) {
    co_await start(std::move(change));
    auto& links = b.local();
    links.serve(echo, [](node_id, fragments payload) {
      return seastar::make_ready_future<fragments>(std::move(payload));
    });
    links.serve(fails, [](node_id, fragments) -> seastar::future<fragments> {
      throw std::runtime_error("on purpose");
    });
    links.serve(waits, [this](node_id, fragments payload) -> seastar::future<fragments> {
      co_await wait.get_future();
      co_return payload;
    });
    co_await b.links->invoke_on_all([](peer_links& l) {
      l.serve(shard_number, [](node_id from, fragments) {
        return seastar::make_ready_future<fragments>(
            fragments::copy(fmt::format("{} {}", from, seastar::this_shard_id())));
      });
    });
  }
  seastar::future<call_result> call(std::int32_t method, fragments payload = {},
                                    milliseconds patience = 10s) {
    return a.local().call(b.node, 0, method, std::move(payload), in(patience));
  }
  seastar::future<> end() {
    if (!std::exchange(released, true)) release.set_value();
    return stop();
  }
};

raft_post snapshot_of(const test_broker& from, const test_broker& to, int partition) {
  auto p = heartbeat_of(from, to, partition, 0);
  p.message.body = raft::install_snapshot{.last = {term(1), log_index(50)},
                                          .members = {.voters = {node_id(1), node_id(2)}}};
  return p;
}

fragments some_state(std::size_t size) {
  fragments out;
  for (std::size_t at = 0; at < size;) {
    const auto step = std::min<std::size_t>(size - at, 50'001);
    out.append(bytes::from(std::string(step, static_cast<char>('a' + at % 26))));
    at += step;
  }
  return out;
}

SEASTAR_TEST_CASE(calls_are_answered) {
  serving s;
  co_await s.begin();
  const auto small = co_await s.call(echo, fragments::copy("hello"));
  BOOST_REQUIRE(small.has_value());
  BOOST_CHECK_EQUAL(small->str(), "hello");
  const auto large = some_state(3'000'000);
  const auto back = co_await s.call(echo, large);
  BOOST_REQUIRE(back.has_value());
  BOOST_CHECK(*back == large);
  BOOST_CHECK((co_await s.call(fails)).error() == call_error::failed);
  BOOST_CHECK((co_await s.call(77)).error() == call_error::unknown_method);
  const auto elsewhere = s.a.local().call(node_id(9), 0, echo, {}, in(1s));
  BOOST_CHECK(elsewhere.available());
  for (unsigned shard = 0; shard < 4; ++shard) {
    const auto where = co_await s.a.local().call(s.b.node, shard, shard_number, {}, in(10s));
    BOOST_REQUIRE(where.has_value());
    BOOST_CHECK_EQUAL(where->str(), fmt::format("1 {}", shard % seastar::smp::count));
  }
  BOOST_CHECK_EQUAL(s.a.meters(s.b).calls.count(), 8);
  co_await s.end();
}

SEASTAR_TEST_CASE(deadlines_hold_at_both_ends) {
  serving s;
  co_await s.begin();
  BOOST_CHECK((co_await s.call(waits, {}, 50ms)).error() == call_error::timed_out);
  BOOST_CHECK((co_await s.call(echo, {}, -5ms)).error() == call_error::timed_out);
  // The handler still runs; when it ends, its answer finds nobody, and others are served.
  BOOST_CHECK((co_await s.call(echo)).has_value());
  s.released = true;
  s.release.set_value();
  BOOST_CHECK((co_await s.call(waits)).has_value());
  co_await s.end();
}

SEASTAR_TEST_CASE(no_more_calls_than_may_be_are_under_way) {
  serving s;
  co_await s.begin([](peer_settings& p) {
    p.calls_in_flight_max = 6;
    p.calls_served_max = 4;
  });
  std::vector<seastar::future<call_result>> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(s.call(waits));
  // Two find the caller's bound, two of the others the receiver's.
  const auto ended = [&] {
    return std::ranges::count_if(calls, [](auto& c) { return c.available(); });
  };
  BOOST_REQUIRE(co_await until([&] { return ended() >= 4; }));
  s.released = true;
  s.release.set_value();
  int overloaded = 0;
  for (auto& c : calls) {
    const auto r = co_await std::move(c);
    if (r) continue;
    BOOST_CHECK(r.error() == call_error::overloaded);
    ++overloaded;
  }
  BOOST_CHECK_EQUAL(overloaded, 4);
  BOOST_CHECK((co_await s.call(echo)).has_value());
  co_await s.end();
}

SEASTAR_TEST_CASE(calls_end_when_the_peer_does) {
  serving s;
  co_await s.begin();
  auto call = s.call(waits);
  // It has left when this one is answered.
  BOOST_CHECK((co_await s.call(echo)).has_value());
  s.released = true;  // or its stop waits for the handler
  auto stopped = s.b.stop();
  BOOST_CHECK((co_await std::move(call)).error() == call_error::failed);
  s.release.set_value();
  co_await std::move(stopped);
  BOOST_REQUIRE(co_await until([&]() -> seastar::future<bool> {
    const auto r = co_await s.call(echo);
    co_return r.error() == call_error::unreachable;
  }));
  co_await s.end();
}

SEASTAR_TEST_CASE(states_are_shipped_whole) {
  serving s;
  co_await s.begin();
  for (const std::size_t size : {0UZ, 1UZ, 131'072UZ, 5'000'000UZ}) {
    const int partition = size % 2 == 0 ? 0 : 1;
    const auto state = some_state(size);
    BOOST_REQUIRE(co_await s.a.local().ship(snapshot_of(s.a, s.b, partition), state));
    co_await s.b.inboxes->invoke_on(static_cast<unsigned>(partition), [&](recording_inbox& i) {
      BOOST_REQUIRE(!i.states.empty());
      BOOST_CHECK(i.states.back().first == snapshot_of(s.a, s.b, partition));
      BOOST_CHECK(i.states.back().second == state);
    });
  }
  co_await s.end();
}

SEASTAR_TEST_CASE(several_states_and_appends_share_the_way) {
  serving s;
  co_await s.begin();
  std::vector<seastar::future<bool>> shipped;
  for (int i = 0; i < 5; ++i) {
    shipped.push_back(s.a.local().ship(snapshot_of(s.a, s.b, 0), some_state(2'000'000)));
  }
  for (std::uint64_t i = 1; i <= 50; ++i) s.a.local().post(append_of(s.a, s.b, 0, i, 100'000));
  for (auto& one : shipped) BOOST_CHECK(co_await std::move(one));
  BOOST_REQUIRE(
      co_await until([&]() -> seastar::future<bool> { co_return co_await s.b.got_on(0) == 50; }));
  co_await s.end();
}

SEASTAR_TEST_CASE(states_that_are_not_taken_are_known_not_to_be) {
  serving s;
  co_await s.begin([](peer_settings& p) { p.snapshot_bytes_max = 1'000'000; });
  auto& links = s.a.local();
  BOOST_CHECK(!co_await links.ship(snapshot_of(s.a, s.b, 0), some_state(1'100'000)));
  BOOST_CHECK(s.b.inboxes->local().states.empty());
  s.b.inboxes->local().takes_states = false;
  BOOST_CHECK(!co_await links.ship(snapshot_of(s.a, s.b, 0), some_state(10)));
  s.b.inboxes->local().takes_states = true;
  // What a refused or finished state took is free again.
  for (int i = 0; i < 4; ++i) {
    BOOST_CHECK(co_await links.ship(snapshot_of(s.a, s.b, 0), some_state(900'000)));
  }
  s.b.local().bind(nullptr);
  BOOST_CHECK(!co_await links.ship(snapshot_of(s.a, s.b, 0), some_state(10)));
  co_await s.b.stop();
  BOOST_CHECK(!co_await links.ship(snapshot_of(s.a, s.b, 0), some_state(10'000)));
  co_await s.end();
}

}  // namespace
}  // namespace weir::peer
