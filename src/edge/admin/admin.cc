#include "edge/admin/admin.h"

#include <seastar/core/prometheus.hh>
#include <seastar/util/log.hh>

#include "edge/admin/reports.h"
#include "edge/admin/routes.h"

namespace weir::edge {
namespace {

using nlohmann::json;

constexpr std::size_t request_bytes_max = 64 * 1024;

json loggers() {
  json all = json::object();
  auto& registry = seastar::global_logger_registry();
  for (const auto& name : registry.get_all_logger_names()) {
    all[std::string(name)] = fmt::format("{}", registry.get_logger_level(name));
  }
  return all;
}

seastar::future<json> set_level(std::string name, std::string level) {
  static const std::map<std::string, seastar::log_level> levels{
      {"error", seastar::log_level::error},
      {"warn", seastar::log_level::warn},
      {"info", seastar::log_level::info},
      {"debug", seastar::log_level::debug},
      {"trace", seastar::log_level::trace}};
  const auto at = levels.find(level);
  if (at == levels.end()) {
    throw seastar::httpd::bad_request_exception("level is one of error, warn, info, debug, trace");
  }
  const auto all = loggers();
  if (!all.contains(name))
    throw seastar::httpd::not_found_exception("no logger '" + name + "': GET /v1/loggers");
  seastar::global_logger_registry().set_logger_level(name,
                                                     at->second);  // one registry for all shards
  co_return json{{name, level}};
}

}  // namespace

void admin::set_routes(seastar::httpd::routes& to) {
  using enum seastar::httpd::operation_type;
  to.add(GET, seastar::httpd::url("/v1/status/ready"),
         new seastar::httpd::function_handler(
             // The handler owns the lambda and outlives its calls.
             // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
             [this](http_request, http_reply r) -> seastar::future<http_reply> {
               const auto code = ready_ ? http_status::ok : http_status::service_unavailable;
               co_return answer(std::move(r), {{"status", ready_ ? "ready" : "starting"}}, code);
             },
             "json"));
  const auto state = [this]() -> cluster& {
    auto* all = state_();
    if (!all || !ready_) {
      throw seastar::httpd::base_exception("the broker is starting",
                                           http_status::service_unavailable);
    }
    return all->local();
  };
  route(to, GET, "/v1/status/live",
        [](auto&) { return seastar::make_ready_future<json>(json{{"status", "live"}}); });
  route(to, GET, "/v1/status", [state](auto&) { return report_status(state()); });
  route(to, GET, "/v1/cluster", [state](auto&) { return report_cluster(state()); });
  route(to, GET, "/v1/partitions",
        [state](auto& q) { return report_partitions(state(), q.get_query_param("topic")); });
  route(to, GET, "/v1/cache", [state](auto&) { return report_cache(state()); });
  route(to, GET, "/v1/config", [state](auto&) { return report_config(state()); });
  route(to, GET, "/v1/loggers", [](auto&) { return seastar::make_ready_future<json>(loggers()); });
  route(to, PUT, "/v1/loggers/{name}",
        [](auto& q) { return set_level(path_value(q, "name"), q.get_query_param("level")); });
  add_cluster_routes(to, state);
}

seastar::future<> admin::listen(host_port at) {
  co_await server_.start("admin");
  started_ = true;
  co_await server_.server().invoke_on_all(
      [](seastar::httpd::http_server& s) { s.set_content_length_limit(request_bytes_max); });
  // The handlers look at shard 0's state and gather the rest, so only shard 0 listens.
  set_routes(server_.server().local()._routes);
  seastar::prometheus::config metrics;
  metrics.prefix = "weir";
  metrics.metric_help = "Weir";
  co_await seastar::prometheus::start(server_, metrics);
  const auto host = at.host == "localhost" ? std::string("127.0.0.1") : at.host;
  seastar::listen_options options;
  options.reuse_address = true;
  options.lba = seastar::server_socket::load_balancing_algorithm::fixed;
  options.fixed_cpu = 0;
  co_await server_.listen(seastar::socket_address(seastar::net::inet_address(host), at.port),
                          options);
}

seastar::future<> admin::stop() {
  if (std::exchange(started_, false)) co_await server_.stop();
}

}  // namespace weir::edge
