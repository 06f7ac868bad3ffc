// The brokers of the cluster: this one's registration, the addresses of the others, who is up.
#include <seastar/core/coroutine.hh>
#include <seastar/core/reactor.hh>
#include <seastar/core/smp.hh>

#include "engine/cluster/cluster.h"
#include "engine/cluster/cluster_log.h"
#include "engine/cluster/features.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr auto look_at_registration = 1s;
constexpr auto try_again = 100ms;
constexpr auto tell_disk = 10s;
constexpr auto news_patience = 2s;
// As Kafka's broker.session.timeout.ms, but shorter: nothing is decided by it.
constexpr std::chrono::milliseconds silent_means_down{3000};

std::chrono::milliseconds steady_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

stored::broker_registered cluster::registration() const {
  stored::broker_registered r;
  r.broker_id = membership_.broker_id;
  r.cluster_id = membership_.cluster_id;
  r.incarnation = incarnation_;
  r.wished_id = membership_.belongs() ? membership_.self.value() : settings_.self.value();
  r.peer_host = text(settings_.peer_address.host);
  r.peer_port = settings_.peer_address.port;
  auto& listener = r.listeners.emplace_back();
  listener.name = text("kafka");
  listener.host = text(settings_.advertised.host);
  listener.port = settings_.advertised.port;
  r.rack = text(settings_.rack);
  r.cores = static_cast<std::int32_t>(seastar::smp::count);
  r.software_version = text(WEIR_VERSION);
  for (const auto& f : features) {
    auto& supported = r.features.emplace_back();
    supported.name = text(bytes::unowned(f.name));
    supported.level_min = f.level_min;
    supported.level_max = f.level_max;
  }
  return r;
}

bool cluster::registered() const {
  const auto* known = state_.find_broker(membership_.broker_id);
  return known && known->incarnation == incarnation_;
}

seastar::future<> cluster::be_registered() {
  while (!registered() && !fibers_.stopping() && !interrupted_) {
    const auto done = co_await execute_here(catalog::encode(catalog::command(registration())));
    if (!done && done.error() == command_error::unsupported_feature)
      cluster_log.error(
          "the cluster uses a feature that this version lacks: start the version that the other "
          "brokers run");
    if (!done) (void)co_await fibers_.stopped_within(try_again);
  }
}

// Again where the catalog shows another process than this one: an older registration may have been
// on its way for long.
seastar::future<> cluster::keep_registered() {
  while (!fibers_.stopping()) {
    co_await be_registered();
    (void)co_await fibers_.stopped_within(look_at_registration);
  }
}

// What the catalog says of addresses, for the connections.
seastar::future<> cluster::know_brokers() {
  for (const auto& [id, broker] : state_.brokers()) {
    if (id != settings_.self) co_await links().set_broker(id, broker.peer, broker.directory);
  }
  for (const auto& [id, directory] : state_.node_ids()) {
    if (id != settings_.self && !state_.find_broker(id)) co_await links().remove_broker(id);
  }
}

// On the leader of group 0, or passed on to it by who was asked.
seastar::future<fragments> cluster::let_in(fragments payload) {
  const auto asked = calls::decode<peer::join_cluster>(payload);
  peer::join_cluster_answer a;
  a.outcome = calls::not_leader;
  if (!group0_ || !membership_.belongs()) co_return calls::encode(a);
  auto command = catalog::decode(fragments(asked.registration));
  auto* registered = command ? std::get_if<stored::broker_registered>(&*command) : nullptr;
  if (!registered) throw std::runtime_error("no registration");
  const auto directory = registered->broker_id;
  const auto members = group0_->members().members.members();
  // Also a founder's that has not registered yet.
  const auto taken = [&](std::int32_t id) {
    const auto at = state_.node_ids().find(node_id(id));
    return at != state_.node_ids().end() ? at->second != directory
                                         : std::ranges::contains(members, node_id(id));
  };
  if (registered->wished_id < 0) {
    registered->wished_id = 1;
    while (taken(registered->wished_id)) ++registered->wished_id;
  } else if (taken(registered->wished_id)) {
    a.outcome = calls::id_taken;
    co_return calls::encode(a);
  }
  registered->cluster_id = membership_.cluster_id;
  const auto done = co_await execute_here(catalog::encode(*command));
  if (!done) {
    const bool refused = done.error() == command_error::refused ||
                         done.error() == command_error::unsupported_feature;
    if (refused)
      a.outcome = static_cast<std::int8_t>(calls::first_error + static_cast<int>(done.error()));
    co_return calls::encode(a);
  }
  const auto* known = state_.find_broker(directory);
  if (!known) co_return calls::encode(a);
  a.outcome = calls::done;
  a.cluster_id = membership_.cluster_id;
  a.node_id = known->id.value();
  std::vector<contact> all;
  for (const auto& [id, broker] : state_.brokers())
    all.push_back({.node = id, .broker_id = broker.directory, .address = broker.peer});
  put_contacts(all, a.contacts);
  co_return calls::encode(a);
}

bool cluster::alive(node_id node) const {
  if (node == settings_.self) return true;
  const auto last = links().last_heard(node);
  return last && steady_now() - *last < silent_means_down;
}

bool cluster::audible(node_id node) const {
  return node == settings_.self || links().heard_of().audible(node);
}

catalog::broker_facts cluster::facts() const {
  catalog::broker_facts out;
  for (const auto& [id, broker] : state_.brokers()) {
    auto& f = out[id];
    f.alive = alive(id);
    const auto last = links().last_heard(id);
    if (!f.alive)
      f.silent_ms = last ? (steady_now() - *last).count() : (steady_now() - started_).count();
    if (const auto disk = disks_.find(id); disk != disks_.end()) {
      f.disk_bytes = disk->second.bytes;
      f.disk_used = disk->second.used;
    }
  }
  return out;
}

// To whoever may have to plan: all.
seastar::future<> cluster::tell_of_itself() {
  do {
    const auto volume = space_.device;
    disks_[settings_.self] = {volume.total, volume.total - volume.free};
    peer::broker_news news;
    news.disk_bytes = static_cast<std::int64_t>(volume.total);
    news.disk_used = static_cast<std::int64_t>(volume.total - volume.free);
    std::vector<seastar::future<peer::call_result>> told;
    for (const auto& [id, broker] : state_.brokers()) {
      if (id != settings_.self && alive(id))
        told.push_back(links().call(id, 0, calls::broker_news, calls::encode(news),
                                    seastar::lowres_clock::now() + news_patience));
    }
    for (auto& t : told) (void)co_await std::move(t);
  } while (!co_await fibers_.stopped_within(tell_disk));
}

}  // namespace weir
