#pragma once
// Listens for Kafka clients on this shard and keeps its connections. Limits hold for the whole
// broker: they are counted on shard 0.
#include <absl/container/flat_hash_map.h>

#include <seastar/core/sharded.hh>
#include <seastar/net/api.hh>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "edge/kafka/connection.h"
#include "edge/kafka/services.h"

namespace weir::edge {

class server : public seastar::peering_sharded_service<server> {
 public:
  server(seastar::sharded<cluster>& state, coordination& coordinators,
         seastar::sharded<share_reading>& shares, edge_limits limits);

  // Before listen(), on each shard: who is asked about transactions.
  void coordinate(transaction_door& transactions) { services_.transactions = &transactions; }
  // Throws std::system_error where an address can't be had.
  seastar::future<> listen(std::vector<host_port> addresses, int backlog);
  // Accepts no more, lets what is in flight finish for `patience`, then drops it.
  seastar::future<> stop_gracefully(std::chrono::milliseconds patience);
  seastar::future<> stop() { return stop_gracefully(std::chrono::milliseconds(0)); }

  [[nodiscard]] const services& what_is_served() const { return services_; }

 private:
  seastar::future<> accept_loop(std::size_t listener);
  seastar::future<> serve(seastar::connected_socket socket, std::string ip, std::uint16_t port);
  seastar::future<> watch_idle();
  bool admit(const std::string& ip);  // shard 0
  void leave(const std::string& ip);  // shard 0

  services services_;
  std::vector<seastar::server_socket> listeners_;
  std::set<std::shared_ptr<connection>> connections_;
  seastar::gate accepted_;
  bool stopped_ = false;
  // Shard 0: of the whole broker.
  std::uint32_t admitted_ = 0;
  absl::flat_hash_map<std::string, std::uint32_t> by_ip_;
};

}  // namespace weir::edge
