// Whatever comes from a socket closes that connection at most.
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>

#include "engine/peer/two_brokers_test.h"

namespace weir::peer {

using namespace std::chrono_literals;
namespace {

// A connection of somebody who speaks as the test likes.
struct stranger {
  seastar::connected_socket socket;
  seastar::input_stream<char> in;
  seastar::output_stream<char> out;

  static seastar::future<std::unique_ptr<stranger>> connect(const test_broker& to) {
    auto s = std::make_unique<stranger>();
    s->socket = co_await seastar::connect(
        seastar::socket_address(seastar::ipv4_addr(to.address.host, to.address.port)));
    s->in = s->socket.input();
    s->out = s->socket.output();
    co_return s;
  }
  seastar::future<> say(std::string bytes) {
    auto done = co_await seastar::coroutine::as_future(out.write(std::move(bytes)));
    if (!done.failed()) done = co_await seastar::coroutine::as_future(out.flush());
    done.ignore_ready_future();
  }
  // Reads until the other side closes; false: it does not.
  seastar::future<bool> closed() {
    auto all = seastar::with_timeout(seastar::lowres_clock::now() + 10s,
                                     [](auto& in) -> seastar::future<> {
                                       while (!(co_await in.read()).empty()) {
                                       }
                                     }(in));
    auto done = co_await seastar::coroutine::as_future(std::move(all));
    if (!done.failed()) co_return true;
    try {
      done.get();
    } catch (const seastar::timed_out_error&) {
      co_return false;
    } catch (const std::exception&) {
      // Reset: closed with something unread.
    }
    co_return true;
  }
  seastar::future<> end() {
    socket.shutdown_input();
    socket.shutdown_output();
    (co_await seastar::coroutine::as_future(out.close())).ignore_ready_future();
    (co_await seastar::coroutine::as_future(in.close())).ignore_ready_future();
  }
};

hello greeting_to(const test_broker& to, way w = way::prompt) {
  const identity self{
      .cluster_id = test_cluster, .node = node_id(5), .broker_id = {5, 5}, .incarnation = {5, 6}};
  return greeting(self, to.node, to.id, w, 0);
}

std::string header_of(frame_header h) {
  const auto raw = encode(h);
  return {raw.data(), raw.size()};
}

SEASTAR_TEST_CASE(what_is_not_the_protocol_is_closed) {
  pair_of_brokers two;
  co_await two.start();
  auto& b = two.b;
  BOOST_REQUIRE(co_await until([&] { return b.local().connected(two.a.node); }));
  const auto good = frame_of(greeting_to(b)).str();
  auto bad_version = greeting_to(b);
  bad_version.protocol_min = bad_version.protocol_max = 99;
  auto other_cluster = greeting_to(b);
  other_cluster.cluster_id = {4, 4};
  auto damaged = frame_of(greeting_to(b)).str();
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  call c;
  c.deadline_ms = -1;
  const auto pack = frame_of(message_kind::raft_pack, bytes::copy("\x7fxyz"));
  auto damaged_call = frame_of(c, fragments::copy("payload")).str();
  damaged_call.back() = 'D';
  snapshot_begin unmatched;
  unmatched.state_size = 10;
  unmatched.message = bytes::copy("nonsense");
  const auto bulk = frame_of(greeting_to(b, way::bulk)).str();
  const std::vector<std::string> openings{
      "GET / HTTP/1.1\r\nHost: weir\r\n\r\n",
      std::string(100, '\0'),
      std::string(5000, '\xff'),
      header_of({.kind = message_kind::hello, .head_size = 100'000'000}),
      header_of({.kind = message_kind::hello, .tail_size = 0xffffffff}),
      header_of({.kind = static_cast<message_kind>(99), .head_size = 3}),
      frame_of(message_kind::hello, bytes::copy("short")).str(),
      frame_of(c).str(),  // without hello
      frame_of(bad_version).str(),
      frame_of(other_cluster).str(),
      damaged,
      good.substr(0, 7),   // and no more: a slow one
      good.substr(0, 30),  // the same inside the head
      "",                  // the same before anything
      good + good,
      good + pack.str(),
      good + damaged_call,
      good + header_of({.kind = message_kind::call, .head_size = frame_head_max + 1}),
      good + header_of({.kind = message_kind::raft_pack, .tail_size = frame_tail_max + 1}),
      good + frame_of(unmatched).str(),
      bulk + frame_of(unmatched).str(),
      good + frame_of(welcome{}).str(),
  };
  for (std::size_t i = 0; i < openings.size(); ++i) {
    auto s = co_await stranger::connect(b);
    co_await s->say(openings[i]);
    BOOST_CHECK_MESSAGE(co_await s->closed(), "opening " << i << " is not closed");
    co_await s->end();
  }
  // Those that matter are untouched.
  BOOST_CHECK_EQUAL(two.a.meters(b).losses, 0);
  two.a.local().post(heartbeat_of(two.a, b, 0, 1));
  BOOST_REQUIRE(
      co_await until([&]() -> seastar::future<bool> { co_return co_await b.got_on(0) == 1; }));
  co_await two.stop();
}

SEASTAR_TEST_CASE(a_frame_that_does_not_come_whole_is_not_waited_for) {
  test_broker b(2);
  co_await b.start([](peer_settings& s) { s.frame_patience = 100ms; });
  auto s = co_await stranger::connect(b);
  co_await s->say(frame_of(greeting_to(b, way::bulk)).str() +
                  header_of({.kind = message_kind::raft_pack, .tail_size = frame_tail_max}) +
                  "some of it");
  BOOST_CHECK(co_await s->closed());
  co_await s->end();
  // While there is nothing to come, silence is fine: it stays while another is found stuck.
  auto silent = co_await stranger::connect(b);
  co_await silent->say(frame_of(greeting_to(b)).str());
  auto stuck = co_await stranger::connect(b);
  co_await stuck->say(frame_of(greeting_to(b)).str() + "WEIR");
  BOOST_CHECK(co_await stuck->closed());
  co_await silent->say(frame_of(message_kind::raft_pack, bytes::copy(std::string(1, '\0'))).str());
  call c;
  c.deadline_ms = 1000;
  co_await silent->say(frame_of(c).str());
  // Welcome and the call's answer.
  std::size_t got = 0;
  const auto answers = frame_of(judge(greeting_to(b), b.settings().self, std::nullopt)).size() +
                       frame_of(call_answer{}).size();
  while (got < answers) {
    const auto piece = co_await silent->in.read();
    BOOST_REQUIRE(!piece.empty());
    got += piece.size();
  }
  co_await silent->end();
  co_await stuck->end();
  co_await b.stop();
}

// Listens, says welcome to everybody and then reads nothing.
struct deaf_peer {
  test_broker as{2};
  seastar::server_socket listener =
      seastar::listen(seastar::socket_address(seastar::ipv4_addr("127.0.0.1", as.address.port)),
                      {.reuse_address = true,
                       .lba = seastar::server_socket::load_balancing_algorithm::fixed,
                       .so_rcvbuf = 16384});
  std::vector<std::unique_ptr<stranger>> accepted;
  std::function<std::string(const hello&)> answer = [this](const hello& h) {
    return frame_of(judge(h, as.settings().self, std::nullopt)).str();
  };

  seastar::future<> run() {
    while (true) {
      auto got = co_await seastar::coroutine::as_future(listener.accept());
      if (got.failed()) {
        got.ignore_ready_future();
        co_return;
      }
      auto s = std::make_unique<stranger>();
      s->socket = got.get().connection;
      s->in = s->socket.input();
      s->out = s->socket.output();
      const auto piece = co_await s->in.read();
      const std::string head(piece.begin() + std::min(piece.size(), frame_header_size),
                             piece.end());
      const auto h = decode_as<hello>(bytes::copy(head));
      if (h) co_await s->say(answer(*h));
      accepted.push_back(std::move(s));
    }
  }
  seastar::future<> stop(seastar::future<> running) {
    listener.abort_accept();
    co_await std::move(running);
    for (auto& s : accepted) co_await s->end();
  }
};

SEASTAR_TEST_CASE(a_peer_that_does_not_read_costs_its_queue_and_no_more) {
  deaf_peer deaf;
  auto running = deaf.run();
  test_broker a(1);
  co_await a.start([](peer_settings& s) {
    s.bulk_queue_bytes = 4'000'000;
    s.prompt_queue_bytes = 1'000'000;
  });
  co_await a.knows(deaf.as);
  BOOST_REQUIRE(co_await a.connects(deaf.as));
  std::uint64_t index = 1;
  const auto dropped = [&] {
    for (int i = 0; i < 5; ++i) {
      a.local().post(append_of(a, deaf.as, 0, index++, 500'000));
    }
    return a.meters(deaf.as).dropped_messages >= 20;
  };
  BOOST_REQUIRE(co_await until(dropped));
  // The prompt way has a queue of its own.
  auto before = a.meters(deaf.as).dropped_messages;
  a.local().post(heartbeat_of(a, deaf.as, 0, 1));
  BOOST_CHECK_EQUAL(a.meters(deaf.as).dropped_messages, before);
  while (a.meters(deaf.as).dropped_messages == before) {
    a.local().post(append_of(a, deaf.as, 0, index++, 500'000));
  }
  const auto call = co_await a.local().call(deaf.as.node, 0, 1,
                                            fragments::copy(std::string(500'000, 'p')), in(10s));
  BOOST_CHECK(call.error() == call_error::overloaded);
  // Nor does it stop anything else.
  co_await a.stop();
  co_await deaf.stop(std::move(running));
}

SEASTAR_TEST_CASE(an_acceptor_that_answers_nonsense_is_left) {
  deaf_peer peer;
  const auto good = peer.answer;
  const std::vector<std::function<std::string(const hello&)>> answers{
      [](const hello&) { return std::string(64, 'x'); },
      [](const hello& h) { return frame_of(h).str(); },
      [&](const hello& h) { return good(h) + std::string(64, 'x'); },
      [&](const hello& h) { return good(h) + frame_of(beat{}).str(); },
      [&](const hello& h) {
        raft_taken t;
        t.frames = 1'000'000'000;
        return good(h) + frame_of(t).str();
      },
      [&](const hello& h) {
        return good(h) + header_of({.kind = message_kind::call_answer, .head_size = 1U << 30});
      },
  };
  auto running = peer.run();
  test_broker a(1);
  co_await a.start();
  co_await a.knows(peer.as);
  for (const auto& answer : answers) {
    peer.answer = answer;
    const auto before = peer.accepted.size();
    // Each time it comes again, as it was sent away from the last.
    BOOST_REQUIRE(co_await until([&] { return peer.accepted.size() >= before + 3; }));
  }
  peer.answer = good;
  const auto before = peer.accepted.size();
  BOOST_REQUIRE(co_await until([&] { return peer.accepted.size() > before; }));
  BOOST_REQUIRE(co_await a.connects(peer.as));
  co_await a.stop();
  co_await peer.stop(std::move(running));
}

}  // namespace
}  // namespace weir::peer
