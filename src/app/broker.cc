#include "app/broker.h"

#include <sys/resource.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/memory.hh>
#include <seastar/core/smp.hh>
#include <seastar/util/log.hh>

#include <algorithm>
#include <system_error>

#include "engine/runtime/scheduling.h"

namespace weir::app {
namespace {

seastar::logger broker_log("broker");

// Of a shard's memory, beside the shares that options give: answers on their way, bytes not yet
// written.
constexpr double answer_share = 0.15;
constexpr double dirty_share = 0.10;
// Of what the journal holds, the unwritten bytes stay in the cache.
constexpr double journal_share = 0.12;
// What comes from other brokers and is not whole yet.
constexpr double peer_share = 0.08;
// Indexes of closed segments.
constexpr double index_share = 0.02;

std::size_t share_of_memory(double share) {
  return static_cast<std::size_t>(static_cast<double>(seastar::memory::stats().total_memory()) *
                                  share);
}

// The other half of what the process may open is for connections.
std::size_t open_files_of_shard(std::int64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    wanted = std::min(wanted, static_cast<std::int64_t>(limit.rlim_cur / 2));
  return std::max<std::size_t>(1, static_cast<std::size_t>(wanted) / seastar::smp::count);
}

// Turns "address in use" and the like into what to do about it.
[[noreturn]] void explain_listen(const host_port& at, const char* whose, const char* option,
                                 const std::system_error& e) {
  throw std::runtime_error(fmt::format(
      "cannot listen on {} for {}: {}; stop what is there, or set {} to another address",
      format_host_port(at), whose, e.code().message(), option));
}

}  // namespace

broker::broker(option_layer options, std::string data_dir, node_id node)
    : options_(std::move(options)),
      data_dir_(std::move(data_dir)),
      wished_(node),
      node_(resolve_node({.node = &options_})),
      admin_([this] { return cluster_made_ ? &cluster_ : nullptr; }) {}

cluster_settings broker::settings_of_cluster() const {
  const auto& told =
      node_.kafka_advertise.empty() ? node_.kafka_listen.front() : node_.kafka_advertise.front();
  auto advertised = told;
  // "All addresses" is no address to tell anybody.
  if (advertised.host == "0.0.0.0" || advertised.host == "::") advertised.host = "127.0.0.1";
  raft::raft_options raft;
  raft.election_min = node_.raft_election_timeout_ms;
  raft.election_max = 2 * raft.election_min;
  raft.heartbeat = std::min(node_.raft_heartbeat_ms, raft.election_min / 3);
  raft.rest = true;
  return {
      .self = wished_,
      .data_dir = data_dir_,
      .advertised = advertised,
      .peer_address = node_.rpc_advertise.empty() ? node_.rpc_listen : node_.rpc_advertise.front(),
      .seeds = node_.node_seeds,
      .rack = node_.node_rack,
      .raft = raft,
      .catch_up_rate = static_cast<std::uint64_t>(node_.replication_catch_up_rate),
      .state_log_bytes = static_cast<std::uint64_t>(node_.cluster_state_log_bytes),
      .node = options_,
      .cache_bytes = share_of_memory(node_.store_cache_share),
      .dirty_bytes = share_of_memory(dirty_share),
      .dirty_bytes_of_one = static_cast<std::size_t>(node_.store_write_queue_bytes_max),
      .journal_bytes = share_of_memory(journal_share),
      .index_bytes = share_of_memory(index_share),
      .open_files = open_files_of_shard(node_.store_open_files_max),
      .free_bytes_min = node_.store_free_bytes_min < 0
                            ? std::nullopt
                            : std::optional(static_cast<std::uint64_t>(node_.store_free_bytes_min)),
      .flush = node_.store_flush};
}

// Who it is, it learns later.
peer::peer_settings broker::settings_of_peers() const {
  peer::peer_settings s;
  s.self.shards = seastar::smp::count;
  s.owner = [this](const partition_key& key, node_id node, unsigned shards) {
    return cluster_.local_is_initialized() ? cluster_.local().shard_of(key, node, shards) : 0;
  };
  s.silent_after = node_.raft_election_timeout_ms;
  s.receive_bytes = share_of_memory(peer_share);
  s.snapshot_bytes_max = share_of_memory(peer_share);
  s.bulk_queue_bytes = std::min(s.bulk_queue_bytes, share_of_memory(peer_share) / 2);
  return s;
}

seastar::future<> broker::start_peers() {
  co_await peers_.start(settings_of_peers());
  peers_made_ = true;
  try {
    co_await peers_.invoke_on_all(
        [at = node_.rpc_listen](peer::peer_links& links) { return links.start(at); });
  } catch (const std::system_error& e) {
    explain_listen(node_.rpc_listen, "other brokers", "rpc.listen", e);
  }
}

void broker::interrupt() {
  if (cluster_made_) cluster_.local().interrupt();
}

edge::edge_limits broker::limits_of_edge() const {
  const auto cluster = resolve_cluster({.node = &options_});
  edge::edge_limits limits;
  limits.request_memory = share_of_memory(node_.kafka_request_memory_share);
  // A request larger than all memory for requests could never be read.
  limits.request_bytes_max = std::min(static_cast<std::size_t>(node_.kafka_request_bytes_max),
                                      limits.request_memory - limits.request_overhead);
  limits.answer_memory = share_of_memory(answer_share);
  limits.in_flight_max = static_cast<std::size_t>(node_.kafka_requests_per_connection_max);
  if (node_.kafka_connection_idle_ms.count() >= 0) limits.idle_max = node_.kafka_connection_idle_ms;
  limits.connections_max = static_cast<std::uint32_t>(cluster.connections_max);
  limits.connections_per_ip_max = static_cast<std::uint32_t>(cluster.connections_per_ip_max);
  return limits;
}

seastar::future<> broker::start() {
  co_await start_scheduling_groups();
  try {
    co_await admin_.listen(node_.admin_listen);
  } catch (const std::system_error& e) {
    explain_listen(node_.admin_listen, "the admin interface", "admin.listen", e);
  }
  co_await start_peers();
  cluster_made_ = true;
  co_await cluster_.start(settings_of_cluster(), std::ref(peers_));
  co_await cluster_.local().open();
  for (unsigned shard = 0; shard < seastar::smp::count; ++shard) {
    metrics_.push_back(co_await cluster_.invoke_on(shard, [](cluster& c) {
      return seastar::make_foreign(
          std::make_unique<seastar::metrics::metric_groups>(edge::engine_metrics(c)));
    }));
  }
  co_await coordination_.start(cluster_, peers_);
  shares_made_ = true;
  co_await shares_.start(std::ref(cluster_), std::ref(coordination_.persisters()));
  co_await shares_.invoke_on_all([](share_reading& s) { s.start(); });
  kafka_made_ = true;
  co_await kafka_.start(std::ref(cluster_), std::ref(coordination_), std::ref(shares_),
                        limits_of_edge());
  co_await kafka_.invoke_on_all([this](edge::server& s) { s.coordinate(questions_); });
  try {
    co_await kafka_.invoke_on_all([at = node_.kafka_listen, backlog = node_.kafka_listen_backlog](
                                      edge::server& s) { return s.listen(at, backlog); });
  } catch (const std::system_error& e) {
    explain_listen(node_.kafka_listen.front(), "Kafka clients", "kafka.listen", e);
  }
  admin_.set_ready(true);
  broker_log.info("serving Kafka clients on {}, {} shards, data in {}",
                  format_host_port(node_.kafka_listen.front()), seastar::smp::count, data_dir_);
}

seastar::future<> broker::stop() {
  admin_.set_ready(false);
  // While clients are still served: they hear who leads now, and go there.
  if (kafka_made_) co_await cluster_.invoke_on_all([](cluster& c) { return c.give_leadership(); });
  // Members that wait for a generation, or for an acknowledgement to be stored, would keep the
  // listener from its end.
  if (shares_made_) co_await shares_.invoke_on_all([](share_reading& s) { s.halt(); });
  co_await coordination_.halt();
  if (kafka_made_) {
    co_await kafka_.invoke_on_all([patience = node_.node_shutdown_ms](edge::server& s) {
      return s.stop_gracefully(patience);
    });
    co_await kafka_.stop();
  }
  co_await admin_.stop();
  metrics_.clear();

  // First: what peers ask for would find no cluster.
  if (peers_made_)
    co_await peers_.invoke_on_all([](peer::peer_links& links) { return links.stop(); });
  if (shares_made_) co_await shares_.stop();
  co_await coordination_.stop();
  if (cluster_made_) co_await cluster_.stop();
  if (peers_made_) co_await peers_.stop();
  broker_log.info("stopped");
}

}  // namespace weir::app
