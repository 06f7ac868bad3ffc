#include "edge/kafka/client_telemetry.h"

#include <seastar/core/metrics.hh>

#include <chrono>

#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

// Of one shard.
constexpr std::size_t instances_max = 4096;
constexpr std::size_t names_max = 256;
// A name that a client gave itself may be long; patterns don't look further.
constexpr std::size_t text_max = telemetry::pattern::text_size_max;

std::vector<telemetry::subscription> subscriptions_of(const cluster& state) {
  std::vector<telemetry::subscription> all;
  for (const auto& [name, set] : state.catalog().client_metrics_configs()) {
    const auto options =
        resolve_client_metrics({.node = &state.settings().node, .client_metrics = &set.layer});
    // Checked when it was set; another version may have allowed more. Who can't be told apart is
    // not asked.
    auto matches = telemetry::parse_matches(options.match);
    if (!matches) continue;
    all.push_back({.metrics = options.metrics,
                   .interval = options.interval_ms,
                   .matches = *std::move(matches)});
  }
  return all;
}

}  // namespace

client_telemetry::client_telemetry() : instances_(instances_max), board_(names_max) {
  namespace sm = seastar::metrics;
  groups_.add_group(
      "client_metrics",
      {sm::make_counter("pushes", pushes_, sm::description("Pushes of metrics by clients")),
       sm::make_counter("pushed_bytes", bytes_, sm::description("Bytes of them, as they came")),
       sm::make_gauge(
           "clients", [this] { return instances_.size(); },
           sm::description("Clients that asked what to push, the latest of them")),
       sm::make_counter(
           "left_out", [this] { return board_.left_out(); },
           sm::description("Metrics not shown since there are too many names"))});
}

telemetry::client_instances::time client_telemetry::now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

telemetry::view client_telemetry::view_of(const cluster& state, const request& r,
                                          const uuid& instance) {
  if (subscriptions_version_ != state.version()) {
    subscriptions_ = subscriptions_of(state);
    subscriptions_version_ = state.version();
  }
  const auto shortened = [](std::string_view text) {
    return std::string(text.substr(0, text_max));
  };
  const telemetry::client c{
      .instance = instance,
      .id = r.header.client_id ? shortened(r.header.client_id->view()) : std::string(),
      .software_name = shortened(r.client->software_name),
      .software_version = shortened(r.client->software_version),
      .source_address = r.client->address,
      .source_port = r.client->port};
  return telemetry::view_of(subscriptions_, c);
}

void client_telemetry::count_push(std::size_t bytes) {
  ++pushes_;
  bytes_ += bytes;
}

void client_telemetry::add(const telemetry::metric& m) {
  auto* figures = board_.add(m, now());
  // Its figures are gone: nobody may look at them any more.
  if (const auto forgotten = board_.take_forgotten(); !forgotten.empty()) shown_.erase(forgotten);
  if (figures && !shown_.contains(m.name)) show(m.name, figures);
}

void client_telemetry::show(const std::string& name, telemetry::metric_board::figures* figures) {
  namespace sm = seastar::metrics;
  const std::vector<sm::label_instance> labels{sm::label("metric")(name)};
  shown_[name].add_group(
      "client_metrics",
      {sm::make_counter("metric_pushes", sm::description("How often clients pushed a metric"),
                        labels, [figures] { return figures->pushes; }),
       sm::make_counter("increase",
                        sm::description("Of a metric that only rises: by how much, over all "
                                        "clients, since this broker started"),
                        labels, [figures] { return figures->increased; }),
       sm::make_gauge("mean",
                      sm::description("Of any other metric: the mean of what clients pushed in the "
                                      "last five to ten minutes"),
                      labels, [figures] { return figures->mean(now()); }),
       sm::make_gauge("largest", sm::description("And the largest"), labels,
                      [figures] { return figures->largest(now()); })});
}

}  // namespace weir::edge
