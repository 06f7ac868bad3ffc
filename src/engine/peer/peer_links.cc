#include "engine/peer/peer_links.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/with_timeout.hh>
#include <seastar/coroutine/as_future.hh>
#include <seastar/net/inet_address.hh>

#include "core/base/check.h"
#include "engine/peer/peer_log.h"

namespace weir::peer {
namespace {}  // namespace

peer_links::peer_links(peer_settings settings)
    : settings_(std::move(settings)),
      receive_memory_(std::max<std::size_t>(settings_.receive_bytes, frame_tail_max)),
      snapshot_memory_(settings_.snapshot_bytes_max + 4096),
      heard_(settings_.silent_after) {
  weir_check(settings_.self.shards >= 1 && settings_.self.shards <= seastar::smp::count,
             "{} shards of {}", settings_.self.shards, seastar::smp::count);
  weir_check(settings_.owner != nullptr, "no rule says which shard owns a group");
}

remote_peer* peer_links::find(node_id node) {
  const auto at = peers_.find(node);
  return at == peers_.end() ? nullptr : at->second.get();
}

bool peer_links::connected(node_id node) const {
  const auto at = peers_.find(node);
  return at != peers_.end() && at->second->connected();
}

peer_meters& peer_links::meters_of(node_id peer) {
  const auto at = meters_.find(peer);
  return at == meters_.end() ? strangers_ : *at->second;
}

seastar::future<> peer_links::set_broker(node_id node, host_port address, uuid broker_id) {
  weir_check(node != settings_.self.node, "broker {} is this one", node);
  // The others first: shard 0 tells them what it hears once it is connected.
  for (unsigned shard = seastar::smp::count; shard-- > 0;) {
    co_await container().invoke_on(shard, [node, address, broker_id](peer_links& there) {
      there.place(node, address, broker_id);
    });
  }
}

seastar::future<> peer_links::remove_broker(node_id node) {
  co_await container().invoke_on_all([node](peer_links& there) {
    there.displace(node);
    there.heard_.forget(node);
  });
}

seastar::future<> peer_links::become(identity self) {
  co_await container().invoke_on_all([self](peer_links& there) {
    while (!there.peers_.empty()) {
      const auto node = there.peers_.begin()->first;
      there.displace(node);
      there.heard_.forget(node);
      if (there.stopped_) break;
    }
    there.settings_.self = self;
    for (const auto& c : there.incoming_) c->drop();
  });
}

void peer_links::place(node_id node, const host_port& address, const uuid& broker_id) {
  if (stopped_) return;
  if (const auto* known = find(node)) {
    if (known->address() == address && known->broker_id() == broker_id) return;
    displace(node);
  }
  auto& meters = meters_[node];
  if (!meters) {
    meters = std::make_unique<peer_meters>();
    if (settings_.metrics) meters->announce(node);
  }
  auto& at = peers_[node];
  at = std::make_unique<remote_peer>(peer_context{
      .settings = settings_,
      .self = settings_.self,
      .id = node,
      .address = address,
      .broker_id = broker_id,
      .meters = *meters,
      .receive_memory = receive_memory_,
      .welcomed = [this,
                   node](const welcome& w) { learned(node, static_cast<unsigned>(w.shards)); },
      .lost = [this, node] { is_gone(node); }});
  if (seastar::this_shard_id() != 0) return;
  at->connect();
  peer_came_.signal();
}

void peer_links::displace(node_id node) {
  const auto at = peers_.find(node);
  if (at == peers_.end() || stopped_) return;
  auto gone = std::move(at->second);
  peers_.erase(at);
  fibers_.spawn("peer leaves", [gone = std::shared_ptr<remote_peer>(std::move(gone))] {
    return gone->stop().finally([gone] {});
  });
}

void peer_links::learned(node_id node, unsigned shards) {
  auto* p = find(node);
  if (!p || p->shards() == shards) return;
  p->learned(shards);
  if (seastar::this_shard_id() != 0 || fibers_.stopping()) return;
  fibers_.spawn("shards of a peer", [this, node, shards] {
    return container().invoke_on_others([node, shards](peer_links& there) {
      if (auto* known = there.find(node)) known->learned(shards);
    });
  });
}

// The system closes all connections of a process that ended: this comes long before its beats are
// missed. One that lives is heard again with its next beat.
void peer_links::is_gone(node_id node) {
  if (!heard_.audible(node) || fibers_.stopping()) return;
  heard_.gone(node);
  fibers_.spawn("a peer is gone", [this, node] {
    return container().invoke_on_others([node](peer_links& there) { there.heard_.gone(node); });
  });
}

void peer_links::post(raft_post p) {
  weir_check(p.message.from == settings_.self.node, "a message from {} by {}", p.message.from,
             settings_.self.node);
  if (auto* to = stopped_ ? nullptr : find(p.message.to)) {
    to->post(std::move(p));
  } else {
    ++strangers_.dropped_messages;
  }
}

seastar::future<bool> peer_links::ship(raft_post p, fragments state) {
  auto* to = stopped_ ? nullptr : find(p.message.to);
  if (!to) return seastar::make_ready_future<bool>(false);
  return to->ship(std::move(p), std::move(state));
}

void peer_links::serve(std::int32_t method, call_handler handler) {
  methods_[method] = std::move(handler);
}

seastar::future<call_result> peer_links::call(node_id to, unsigned shard, std::int32_t method,
                                              fragments payload,
                                              seastar::lowres_clock::time_point deadline) {
  auto* peer = stopped_ ? nullptr : find(to);
  if (!peer) {
    return seastar::make_ready_future<call_result>(std::unexpected(call_error::unreachable));
  }
  peer::call head;
  head.method = method;
  head.shard = static_cast<std::int32_t>(shard);
  return peer->request(std::move(head), std::move(payload), deadline);
}

welcome peer_links::greeted(const hello& h) {
  const auto* known = find(node_id(h.node_id));
  auto w = judge(h, settings_.self, known ? std::optional(known->broker_id()) : std::nullopt);
  if (stopped_) w.refusal = static_cast<std::int8_t>(refusal::stopping);
  return w;
}

unsigned peer_links::owner(const partition_key& group) {
  return settings_.owner(group, settings_.self.node, settings_.self.shards);
}

void peer_links::receive(raft_post p) {
  if (inbox_ && !stopped_) inbox_->receive(std::move(p));
}

seastar::future<> peer_links::hand_over(unsigned shard, std::vector<raft_post> posts) {
  return container().invoke_on(shard, [posts = std::move(posts)](peer_links& there) mutable {
    for (auto& p : posts) there.receive(std::move(p));
  });
}

seastar::future<bool> peer_links::receive_snapshot(raft_post p, fragments state) {
  const auto shard = owner(p.group);
  return container().invoke_on(
      shard,
      [](peer_links& there, raft_post p, fragments state) -> seastar::future<bool> {
        if (!there.inbox_ || there.stopped_) co_return false;
        const auto held = there.served_.hold();
        co_return co_await there.inbox_->receive_snapshot(std::move(p), std::move(state));
      },
      std::move(p), std::move(state));
}

seastar::future<served_call> peer_links::serve(node_id from, peer::call c, fragments payload) {
  const auto shard = static_cast<unsigned>(c.shard) % settings_.self.shards;
  if (shard == seastar::this_shard_id()) return serve_here(from, std::move(c), std::move(payload));
  return container().invoke_on(
      shard,
      [](peer_links& there, node_id from, peer::call c, fragments payload) {
        return there.serve_here(from, std::move(c), std::move(payload));
      },
      from, std::move(c), std::move(payload));
}

seastar::future<served_call> peer_links::serve_here(node_id from, peer::call c, fragments payload) {
  if (stopped_) co_return served_call{call_status::refused, {}};
  const auto at = methods_.find(c.method);
  if (at == methods_.end()) co_return served_call{call_status::unknown_method, {}};
  const auto size = payload.size();
  if (calls_served_ >= settings_.calls_served_max ||
      calls_served_bytes_ + size > settings_.calls_served_bytes) {
    co_return served_call{call_status::overloaded, {}};
  }
  const auto deadline =
      seastar::lowres_clock::now() + milliseconds(std::max(c.deadline_ms, std::int32_t{0}));
  // What it takes ends with the handler, the answer with the deadline.
  auto run = [](peer_links& links, call_handler handler, node_id from, fragments payload,
                std::size_t size) -> seastar::future<served_call> {
    const auto held = links.served_.hold();
    ++links.calls_served_;
    links.calls_served_bytes_ += size;
    auto done = co_await seastar::coroutine::as_future(
        seastar::futurize_invoke(handler, from, std::move(payload)));
    --links.calls_served_;
    links.calls_served_bytes_ -= size;
    if (!done.failed()) {
      served_call result{call_status::done, done.get()};
      if (result.payload.size() <= frame_tail_max) co_return result;
      peer_log.error("a call's answer of {} bytes fits into no frame", result.payload.size());
      co_return served_call{};
    }
    peer_log.debug("a call of broker {} failed: {}", from, done.get_exception());
    co_return served_call{};
  };
  auto done = co_await seastar::coroutine::as_future(
      seastar::with_timeout(deadline, run(*this, at->second, from, std::move(payload), size)));
  if (done.failed()) {
    done.ignore_ready_future();
    co_return served_call{call_status::timed_out, {}};
  }
  co_return done.get();
}

}  // namespace weir::peer
