#include "edge/admin/cluster_reports.h"
#include "edge/admin/operations.h"
#include "edge/admin/routes.h"

namespace weir::edge {
namespace {

using nlohmann::json;
using seastar::http::request;

node_id asked_broker(const request& q) {
  return node_id(number_of(path_value(q, "id"), "a broker's id"));
}

partition_key asked_partition(const cluster& state, const request& q) {
  return partition_of(state, path_value(q, "topic"),
                      number_of(path_value(q, "partition"), "a partition"));
}

std::optional<node_id> asked_target(const request& q) {
  const std::string text(q.get_query_param("target"));
  if (text.empty()) return std::nullopt;
  return node_id(number_of(text, "target"));
}

// What is known at once.
template <typename Report>
json_handler report(Report make) {
  return [make](const request& q) -> seastar::future<json> {
    return seastar::futurize_invoke(make, q);
  };
}

void add_broker_routes(seastar::httpd::routes& to, const std::function<cluster&()>& state) {
  using enum seastar::httpd::operation_type;
  route(to, GET, "/v1/brokers", report([state](auto&) { return report_brokers(state()); }));
  route(to, GET, "/v1/brokers/{id}",
        report([state](auto& q) { return report_broker(state(), asked_broker(q)); }));
  route(to, GET, "/v1/brokers/{id}/decommission",
        [state](auto& q) { return report_decommission(state(), asked_broker(q)); });
  route(to, PUT, "/v1/brokers/{id}/decommission",
        [state](auto& q) { return decommission(state(), asked_broker(q)); });
  route(to, PUT, "/v1/brokers/{id}/recommission",
        [state](auto& q) { return recommission(state(), asked_broker(q)); });
  route(to, PUT, "/v1/brokers/{id}/maintenance",
        [state](auto& q) { return begin_maintenance(state(), asked_broker(q)); });
  route(to, DELETE, "/v1/brokers/{id}/maintenance",
        [state](auto& q) { return end_maintenance(state(), asked_broker(q)); });
  route(to, DELETE, "/v1/brokers/{id}",
        [state](auto& q) { return forget_broker(state(), asked_broker(q)); });
}

}  // namespace

void add_cluster_routes(seastar::httpd::routes& to, std::function<cluster&()> state) {
  using enum seastar::httpd::operation_type;
  add_broker_routes(to, state);
  route(to, GET, "/v1/cluster/health_overview", [state](auto&) { return report_health(state()); });
  route(to, GET, "/v1/cluster/safe_to_stop", [state](auto& q) {
    const std::string broker(q.get_query_param("broker"));
    return report_stop_risk(state(), node_id(number_of(broker, "broker")));
  });
  route(to, GET, "/v1/cluster/partitions",
        [state](auto& q) { return report_placed(state(), q.get_query_param("topic")); });
  route(to, GET, "/v1/partitions/kafka/{topic}/{partition}", report([state](auto& q) {
          auto& c = state();
          return report_partition(c, asked_partition(c, q));
        }));
  route(to, POST, "/v1/partitions/kafka/{topic}/{partition}/transfer_leadership", [state](auto& q) {
    auto& c = state();
    return transfer_leadership(c, asked_partition(c, q), asked_target(q));
  });
}

}  // namespace weir::edge
