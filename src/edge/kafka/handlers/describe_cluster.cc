// DescribeCluster (KIP-700, KIP-919).
#include <seastar/core/coroutine.hh>

#include "core/codec/describe_cluster.h"
#include "edge/kafka/authorized.h"
#include "edge/kafka/brokers_up.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

constexpr std::int8_t broker_endpoints = 1;
constexpr std::int8_t controller_endpoints = 2;

// Registered, but not heard of: Kafka fences such a broker.
void tell_fenced(const cluster& state, kafka::describe_cluster_response& out) {
  for (const auto& [id, b] : state.catalog().brokers()) {
    const auto at = address_of(b);
    if (state.alive(id) || !at) continue;
    auto& broker = out.brokers.emplace_back();
    broker.broker_id = id.value();
    broker.host = text(at->host);
    broker.port = at->port;
    if (!b.rack.empty()) broker.rack = text(b.rack);
    broker.is_fenced = true;
  }
}

seastar::future<kafka::describe_cluster_response> tell(services& with, const request&,
                                                       kafka::describe_cluster_request in) {
  kafka::describe_cluster_response out;
  if (in.endpoint_type != broker_endpoints) {
    const bool known = in.endpoint_type == controller_endpoints;
    out.error = known ? kafka::error_code::mismatched_endpoint_type
                      : kafka::error_code::unsupported_endpoint_type;
    out.error_message =
        text(known ? "The request was sent to an endpoint of type BROKER, but we wanted an "
                     "endpoint of type CONTROLLER"
                   : "Unsupported endpoint type " + std::to_string(in.endpoint_type));
    with.meters.failed(out.error);
    co_return out;
  }
  out.cluster_id = text(with.state.catalog().cluster_id().str());
  out.controller_id = controller_told(with.state);
  for (const auto& known : brokers_up(with.state)) {
    auto& broker = out.brokers.emplace_back();
    broker.broker_id = known.node.value();
    broker.host = text(known.at.host);
    broker.port = known.at.port;
    if (!known.rack.empty()) broker.rack = text(known.rack);
  }
  if (in.include_fenced_brokers) tell_fenced(with.state, out);
  if (in.include_cluster_authorized_operations)
    out.cluster_authorized_operations = cluster_operations;
  co_return out;
}

}  // namespace

seastar::future<answer> describe_cluster(services& with, request r) {
  return serve<kafka::describe_cluster_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
