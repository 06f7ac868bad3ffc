// Starting and stopping, accepting, beats.
#include <seastar/core/coroutine.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>
#include <seastar/net/inet_address.hh>

#include "engine/peer/dial.h"
#include "engine/peer/peer_links.h"
#include "engine/peer/peer_log.h"

namespace weir::peer {
namespace {

// What serves a call or takes a state may be slow to end; it is not waited for any longer.
constexpr auto stop_patience = std::chrono::seconds(5);

milliseconds steady_now() {
  return std::chrono::duration_cast<milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

seastar::future<> peer_links::start(std::optional<host_port> listen_at) {
  if (listen_at) {
    seastar::listen_options how;
    how.reuse_address = true;
    // A dialer that knows how many shards there are chooses its port so that it gets to the right
    // one.
    how.lba = seastar::server_socket::load_balancing_algorithm::port;
    const auto at = co_await resolve(*listen_at, settings_.connect_patience);
    listener_ = settings_.listen(at, how);
    fibers_.spawn("accept peers", [this] { return accept_loop(); });
  }
  if (seastar::this_shard_id() == 0) fibers_.spawn("beats", [this] { return beat_loop(); });
  fibers_.spawn("watch peers", [this] { return watch_loop(); });
}

seastar::future<> peer_links::stop() {
  if (std::exchange(stopped_, true)) co_return;
  if (listener_) listener_->abort_accept();
  for (const auto& c : incoming_) c->drop();
  peer_came_.broadcast();
  auto stopped = fibers_.stop();
  for (auto& [node, p] : peers_) co_await p->stop();
  co_await std::move(stopped);
  co_await accepted_.close();
  auto served = co_await seastar::coroutine::as_future(
      seastar::with_timeout(seastar::lowres_clock::now() + stop_patience, served_.close()));
  if (served.failed()) {
    served.ignore_ready_future();
    peer_log.error("what serves calls of others has not ended within {} s; not waiting any longer",
                   stop_patience.count());
  }
  peers_.clear();
  listener_.reset();
}

seastar::future<> peer_links::accept_loop() {
  while (!stopped_) {
    auto accepted = co_await seastar::coroutine::as_future(listener_->accept());
    if (accepted.failed()) {
      const auto why = accepted.get_exception();
      if (stopped_) co_return;
      // Out of descriptors, most likely: no use in asking again at once.
      peer_log.warn("a peer's connection could not be accepted: {}", why);
      if (co_await fibers_.stopped_within(milliseconds(100))) co_return;
      continue;
    }
    auto got = accepted.get();
    if (stopped_ || incoming_.size() >= settings_.incoming_max) continue;
    (void)keep(std::move(got.connection), fmt::format("{}", got.remote_address));
  }
}

seastar::future<> peer_links::keep(seastar::connected_socket socket, std::string address) {
  const auto held = accepted_.hold();
  incoming_host& host = *this;
  auto c = std::make_shared<incoming>(host, std::move(socket), std::move(address));
  incoming_.insert(c);
  auto served = co_await seastar::coroutine::as_future(c->serve());
  if (served.failed()) peer_log.debug("a peer's connection: {}", served.get_exception());
  incoming_.erase(c);
}

seastar::future<> peer_links::heard(node_id from, beat b) {
  const heard_beat h{from, b.incarnation, steady_now()};
  if (!find(from)) co_return;
  if (seastar::this_shard_id() == 0) {
    heard_.hear(h);
    co_return;
  }
  co_await container().invoke_on(0, [h](peer_links& zero) { zero.heard_.hear(h); });
}

seastar::future<> peer_links::beat_loop() {
  beat b;
  auto told = steady_now();
  std::map<node_id, std::uint64_t> taken;  // messages of each peer
  bool looks = true;
  while (!co_await fibers_.stopped_within(settings_.beat_interval)) {
    if (peers_.empty()) {  // a broker alone has nothing to wake for
      co_await peer_came_.wait([this] { return stopped_ || !peers_.empty(); });
      told = steady_now();
    }
    ++b.sequence;
    b.incarnation = settings_.self.incarnation;
    for (auto& [node, p] : peers_) p->send_beat(b);
    const auto now = steady_now();
    // What is read late shows as well as a beat, which comes behind it, that the peer is there.
    for (const auto& [node, m] : meters_) {
      const auto before = std::exchange(taken[node], m->received_messages);
      if (before != m->received_messages && heard_.audible(node))
        heard_.hear({node, heard_.incarnation(node), now});
    }
    // Everything since the last time, for all other shards at once.
    const auto news = heard_.since(told);
    // Kept from its work this shard has not read what came meanwhile: who is silent is told after.
    const bool late = now - std::exchange(told, now) > 2 * settings_.beat_interval;
    looks = !late || !looks;
    if (looks) heard_.look(now);
    co_await container().invoke_on_others([&news, now, looks](peer_links& there) {
      for (const auto& h : news) there.heard_.hear(h);
      if (looks) there.heard_.look(now);
    });
    co_await drop_dead(now);
  }
}

seastar::future<> peer_links::drop_dead(milliseconds now) {
  std::vector<node_id> dead;
  for (const auto& [node, p] : peers_) {
    const auto last = heard_.last_heard(node);
    if (!last || now - *last < settings_.dead_after || !p->connected()) continue;
    // Once for each silence: it may hear us and just not know us.
    auto& redialed = redialed_[node];
    if (std::exchange(redialed, *last) != *last) dead.push_back(node);
  }
  for (const auto node : dead) {
    peer_log.info("broker {} was not heard of for {} ms: its connections are made again", node,
                  settings_.dead_after.count());
    co_await container().invoke_on_all([node](peer_links& there) {
      if (auto* p = there.find(node)) p->drop();
    });
  }
}

seastar::future<> peer_links::watch_loop() {
  const auto often =
      std::max(std::min(settings_.hello_patience, settings_.frame_patience) / 4, milliseconds(10));
  while (!co_await fibers_.stopped_within(often)) {
    const auto now = seastar::lowres_clock::now();
    for (const auto& c : incoming_) {
      c->drop_if_stuck(now - settings_.hello_patience, now - settings_.frame_patience);
    }
    for (auto& [node, p] : peers_) p->drop_if_stuck(now - settings_.frame_patience);
  }
}

}  // namespace weir::peer
