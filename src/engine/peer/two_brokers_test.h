#pragma once
// For the tests of this room: brokers in one process, each with its own connections, inboxes and
// number of shards.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/seastar.hh>
#include <seastar/core/sleep.hh>
#include <seastar/testing/test_case.hh>
#include <seastar/util/later.hh>

#include "core/base/check.h"
#include "engine/peer/peer_links.h"

namespace weir::peer {

inline seastar::lowres_clock::time_point in(milliseconds duration) {
  return seastar::lowres_clock::now() + duration;
}

// Waits for what has no event of its own, for at most `patience`. It lets the reactor rest between
// two looks: a task that only yields keeps it from its sockets for a whole task quota.
template <typename Condition>
seastar::future<bool> until(Condition condition, milliseconds patience = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!co_await seastar::futurize_invoke(condition)) {
    if (std::chrono::steady_clock::now() > end) co_return false;
    co_await seastar::sleep(milliseconds(1));
  }
  co_return true;
}

struct recording_inbox : raft_inbox {
  std::vector<raft_post> got;
  std::vector<std::pair<raft_post, fragments>> states;
  bool takes_states = true;

  void receive(raft_post p) override { got.push_back(std::move(p)); }
  seastar::future<bool> receive_snapshot(raft_post p, fragments state) override {
    states.emplace_back(std::move(p), std::move(state));
    return seastar::make_ready_future<bool>(takes_states);
  }
  seastar::future<> stop() { return seastar::make_ready_future<>(); }
};

// A port that nobody listens on.
inline std::uint16_t free_port() {
  const int s = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  weir_check(::bind(s, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0, "no port");
  socklen_t size = sizeof at;
  ::getsockname(s, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(s);
  return ntohs(at.sin_port);
}

inline constexpr uuid test_cluster{1, 1};

struct test_broker {
  explicit test_broker(int number, unsigned shard_count = seastar::smp::count)
      : node(number), id{100, static_cast<std::uint64_t>(number)}, shards(shard_count) {}

  node_id node;
  uuid id;
  unsigned shards;
  host_port address{"127.0.0.1", free_port()};
  std::uint64_t life = 0;
  std::unique_ptr<seastar::sharded<peer_links>> links;
  std::unique_ptr<seastar::sharded<recording_inbox>> inboxes;

  [[nodiscard]] peer_settings settings() const {
    peer_settings s;
    s.self = {.cluster_id = test_cluster,
              .node = node,
              .broker_id = id,
              .incarnation = {static_cast<std::uint64_t>(node.value()), life},
              .shards = shards};
    s.owner = [](const partition_key& group, node_id, unsigned count) {
      return static_cast<unsigned>(group.partition) % count;
    };
    s.beat_interval = milliseconds(10);
    s.silent_after = milliseconds(200);
    s.retry_first = milliseconds(5);
    s.retry_max = milliseconds(50);
    s.hello_patience = milliseconds(300);
    s.metrics = false;
    return s;
  }
  seastar::future<> start(std::function<void(peer_settings&)> change = {}) {
    ++life;
    auto s = settings();
    if (change) change(s);
    inboxes = std::make_unique<seastar::sharded<recording_inbox>>();
    links = std::make_unique<seastar::sharded<peer_links>>();
    co_await inboxes->start();
    co_await links->start(s);
    co_await links->invoke_on_all([this](peer_links& l) {
      l.bind(&inboxes->local());
      return l.start(address);
    });
  }
  seastar::future<> knows(const test_broker& other) {
    return links->local().set_broker(other.node, other.address, other.id);
  }
  seastar::future<bool> connects(const test_broker& other) {
    return until([this, &other] { return links->local().connected(other.node); });
  }
  seastar::future<> stop() {
    if (!links) co_return;
    co_await links->stop();
    co_await inboxes->stop();
    links.reset();
    inboxes.reset();
  }
  [[nodiscard]] peer_links& local() const { return links->local(); }
  [[nodiscard]] const peer_meters& meters(const test_broker& of) const {
    return local().meters(of.node);
  }
  // How many messages came to that shard.
  seastar::future<std::size_t> got_on(unsigned shard) const {
    return inboxes->invoke_on(shard, [](recording_inbox& i) { return i.got.size(); });
  }
};

struct pair_of_brokers {
  test_broker a{1};
  test_broker b{2};
  seastar::future<> start(std::function<void(peer_settings&)> change = {}) {
    co_await a.start(change);
    co_await b.start(change);
    co_await a.knows(b);
    co_await b.knows(a);
    BOOST_REQUIRE(co_await a.connects(b));
    BOOST_REQUIRE(co_await b.connects(a));
  }
  seastar::future<> stop() {
    co_await a.stop();
    co_await b.stop();
  }
};

inline raft_post heartbeat_of(const test_broker& from, const test_broker& to, int partition,
                              std::uint64_t round) {
  raft_post p;
  p.group = {{7, 7}, partition};
  p.message = {.from = from.node, .to = to.node, .term = term(1), .body = {}};
  p.message.body = raft::heartbeat{.commit = log_index(round), .round = round};
  return p;
}

inline raft_post append_of(const test_broker& from, const test_broker& to, int partition,
                           std::uint64_t index, std::size_t size) {
  auto p = heartbeat_of(from, to, partition, 0);
  raft::append_request m;
  m.previous = {term(1), log_index(index - 1)};
  m.entries.push_back(
      {.term = term(1), .index = log_index(index), .size = static_cast<std::uint32_t>(size)});
  p.message.body = std::move(m);
  p.frames = fragments(bytes::from(std::string(size, static_cast<char>('a' + index % 26))));
  return p;
}

}  // namespace weir::peer
