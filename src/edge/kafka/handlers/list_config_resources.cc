// ListConfigResources (KIP-1142): what has configs. Version 0 was ListClientMetricsResources.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <set>

#include "core/codec/list_config_resources.h"
#include "edge/kafka/config_resource.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using told = kafka::list_config_resources_response;

constexpr resource_kind kinds[] = {resource_kind::topic, resource_kind::broker,
                                   resource_kind::broker_logger, resource_kind::client_metrics,
                                   resource_kind::group};

void add(told& out, resource_kind kind, std::string name) {
  auto& one = out.config_resources.emplace_back();
  one.resource_type = static_cast<std::int8_t>(kind);
  one.resource_name = text(std::move(name));
}

void add_named(told& out, resource_kind kind, const catalog::named_configs& all) {
  for (const auto& [name, set] : all) add(out, kind, name);
}

void add_all(const catalog::state& catalog, resource_kind kind, told& out) {
  switch (kind) {
    case resource_kind::topic:
      for (const auto& [name, t] : catalog.topics()) add(out, kind, name);
      return;
    case resource_kind::broker:
    case resource_kind::broker_logger:
      for (const auto& [id, b] : catalog.brokers()) add(out, kind, std::to_string(id.value()));
      return;
    case resource_kind::client_metrics:
      return add_named(out, kind, catalog.client_metrics_configs());
    case resource_kind::group:
      return add_named(out, kind, catalog.group_configs());
  }
}

seastar::future<told> list(services& with, const request& r,
                           kafka::list_config_resources_request in) {
  told out;
  std::set<resource_kind> wanted;
  for (const auto type : in.resource_types) wanted.insert(static_cast<resource_kind>(type));
  if (r.header.version == 0) wanted = {resource_kind::client_metrics};
  if (wanted.empty()) wanted.insert(std::begin(kinds), std::end(kinds));
  for (const auto kind : wanted) {
    if (!std::ranges::contains(kinds, kind)) {
      out.error = kafka::error_code::unsupported_version;
      out.config_resources.clear();
      with.meters.failed(out.error);
      co_return out;
    }
    add_all(with.state.catalog(), kind, out);
    co_await seastar::coroutine::maybe_yield();
  }
  co_return out;
}

}  // namespace

seastar::future<answer> list_config_resources(services& with, request r) {
  return serve<kafka::list_config_resources_request, &list>(with, std::move(r));
}

}  // namespace weir::edge
