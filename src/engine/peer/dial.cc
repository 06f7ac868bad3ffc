#include "engine/peer/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/lowres_clock.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>
#include <seastar/net/dns.hh>
#include <seastar/net/inet_address.hh>
#include <seastar/util/defer.hh>

#include <random>

namespace weir::peer {
namespace {

constexpr unsigned port_first = 32768;
constexpr unsigned port_last = 60999;  // Linux' own choice of ephemeral ports
constexpr int port_attempts = 6;

thread_local std::minstd_rand chance{std::random_device{}()};

seastar::socket_address local_at(const seastar::socket_address& remote, std::uint16_t port) {
  if (remote.family() == AF_INET6) return {seastar::ipv6_addr(port)};
  return {seastar::ipv4_addr(port)};
}

std::uint16_t port_towards(unsigned shard, unsigned shards) {
  const unsigned steps = (port_last - port_first) / shards;
  const unsigned base = port_first + (chance() % steps) * shards;
  return static_cast<std::uint16_t>(base - base % shards + shards + shard % shards);
}

}  // namespace

seastar::future<seastar::socket_address> resolve(host_port address,
                                                 std::chrono::milliseconds patience) {
  const auto host = address.host == "localhost" ? std::string("127.0.0.1") : address.host;
  if (const auto known = seastar::net::inet_address::parse_numerical(host)) {
    co_return seastar::socket_address(*known, address.port);
  }
  const auto found = co_await seastar::with_timeout(seastar::lowres_clock::now() + patience,
                                                    seastar::net::dns::resolve_name(host));
  co_return seastar::socket_address(found, address.port);
}

seastar::future<seastar::connected_socket> connect_to(dial d) {
  const auto remote = co_await resolve(d.address, d.patience);
  for (int left = d.shards > 1 ? port_attempts : 0;; --left) {
    auto socket = d.make_socket();
    socket.set_reuseaddr(true);
    *d.dialing = &socket;
    const auto done = seastar::defer([&]() noexcept { *d.dialing = nullptr; });
    const auto local =
        left > 0 ? local_at(remote, port_towards(d.shard, d.shards)) : seastar::socket_address();
    auto connected = co_await seastar::coroutine::as_future(left > 0 ? socket.connect(remote, local)
                                                                     : socket.connect(remote));
    if (!connected.failed()) co_return connected.get();
    const auto why = connected.get_exception();
    try {
      std::rethrow_exception(why);
    } catch (const std::system_error& e) {
      const bool port_taken =
          e.code() == std::errc::address_in_use || e.code() == std::errc::address_not_available;
      if (left == 0 || !port_taken) throw;
    }
  }
}

void prepare(seastar::connected_socket& socket, std::chrono::milliseconds dead_after) {
  try {
    socket.set_nodelay(true);
    socket.set_keepalive(true);
    const auto user_timeout = static_cast<unsigned>(dead_after.count());
    socket.set_sockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
  } catch (const std::system_error&) {
    // It is gone already, as reading from it will say.
  }
}

}  // namespace weir::peer
