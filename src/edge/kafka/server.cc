#include "edge/kafka/server.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/seastar.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>
#include <seastar/net/inet_address.hh>
#include <seastar/util/log.hh>

namespace weir::edge {
namespace {

seastar::logger server_log("listener");

std::string ip_of(const seastar::socket_address& address) {
  return fmt::format("{}", address.addr());
}

seastar::socket_address address_of(const host_port& at) {
  const auto host = at.host == "localhost" ? std::string("127.0.0.1") : at.host;
  return {seastar::net::inet_address(host), at.port};
}

}  // namespace

server::server(seastar::sharded<cluster>& state, coordination& coordinators,
               seastar::sharded<share_reading>& shares, edge_limits limits)
    : services_(state.local(), coordinators, shares.local(), limits) {}

seastar::future<> server::listen(std::vector<host_port> addresses, int backlog) {
  seastar::listen_options options;
  options.reuse_address = true;
  options.listen_backlog = backlog;
  for (const auto& at : addresses) {
    listeners_.push_back(seastar::listen(address_of(at), options));
    services_.background.spawn("accept",
                               [this, i = listeners_.size() - 1] { return accept_loop(i); });
  }
  services_.background.spawn("idle connections", [this] { return watch_idle(); });
  return seastar::make_ready_future<>();
}

seastar::future<> server::accept_loop(std::size_t listener) {
  while (!stopped_) {
    auto accepted = co_await seastar::coroutine::as_future(listeners_[listener].accept());
    if (accepted.failed()) {
      const auto why = accepted.get_exception();
      if (stopped_) co_return;
      // Out of descriptors, most likely: no use in asking again at once.
      server_log.warn("a connection could not be accepted: {}", why);
      if (co_await services_.background.stopped_within(std::chrono::milliseconds(100))) co_return;
      continue;
    }
    auto got = accepted.get();
    auto ip = ip_of(got.remote_address);
    (void)serve(std::move(got.connection), std::move(ip), got.remote_address.port());
  }
}

seastar::future<> server::serve(seastar::connected_socket socket, std::string ip,
                                std::uint16_t port) {
  if (accepted_.is_closed()) co_return;
  const auto held = accepted_.hold();
  const bool admitted =
      co_await container().invoke_on(0, [ip](server& zero) { return zero.admit(ip); });
  if (!admitted) {
    ++services_.meters.connections_refused;
    server_log.info(
        "connection of {} refused: as many are open as may be (connections.max, "
        "connections.per_ip_max)",
        ip);
    socket.shutdown_input();
    socket.shutdown_output();
    co_return;
  }
  ++services_.meters.connections;
  ++services_.meters.connections_accepted;
  {
    auto c = std::make_shared<connection>(services_, std::move(socket), ip, port);
    connections_.insert(c);
    if (stopped_) c->shut();
    auto served = co_await seastar::coroutine::as_future(c->serve());
    if (served.failed()) server_log.debug("connection of {}: {}", ip, served.get_exception());
    connections_.erase(c);
  }
  --services_.meters.connections;
  co_await container().invoke_on(0, [ip](server& zero) { zero.leave(ip); });
}

bool server::admit(const std::string& ip) {
  auto& of_ip = by_ip_[ip];
  if (admitted_ >= services_.limits.connections_max ||
      of_ip >= services_.limits.connections_per_ip_max) {
    if (of_ip == 0) by_ip_.erase(ip);
    return false;
  }
  ++admitted_;
  ++of_ip;
  return true;
}

void server::leave(const std::string& ip) {
  --admitted_;
  const auto at = by_ip_.find(ip);
  if (--at->second == 0) by_ip_.erase(at);
}

seastar::future<> server::watch_idle() {
  const auto& limits = services_.limits;
  const auto often =
      std::max(std::min(limits.idle_max, limits.stalled_max) / 4, std::chrono::milliseconds(100));
  while (!co_await services_.background.stopped_within(often)) {
    const auto now = seastar::lowres_clock::now();
    for (const auto& c : connections_)
      c->close_if_idle(now - limits.idle_max, now - limits.stalled_max);
  }
}

seastar::future<> server::stop_gracefully(std::chrono::milliseconds patience) {
  if (std::exchange(stopped_, true)) co_return;
  for (auto& l : listeners_) l.abort_accept();
  for (const auto& c : connections_) c->shut();
  services_.state.waits().cancel_all();
  services_.shares.cancel_waits();
  co_await services_.background.stop();
  auto gone = co_await seastar::coroutine::as_future(
      seastar::with_timeout(seastar::lowres_clock::now() + patience, accepted_.close()));
  if (gone.failed()) {
    gone.ignore_ready_future();
    for (const auto& c : connections_) c->drop();
    while (accepted_.get_count() > 0) co_await seastar::sleep(std::chrono::milliseconds(10));
  }
}

}  // namespace weir::edge
