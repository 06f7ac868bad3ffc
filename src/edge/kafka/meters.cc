#include "edge/kafka/meters.h"

#include <string>

#include "edge/kafka/request.h"

namespace weir::edge {
meters_of_shard::meters_of_shard() {
  namespace sm = seastar::metrics;
  groups_.add_group(
      "kafka",
      {
          sm::make_counter("received_bytes", bytes_in, sm::description("Bytes of requests")),
          sm::make_counter("sent_bytes", bytes_out, sm::description("Bytes of answers")),
          sm::make_counter("protocol_violations", violations,
                           sm::description("Connections closed because of what they sent")),
          sm::make_counter("metadata_waits", waits_for_elections,
                           sm::description("Metadata answers that waited for elections, since a "
                                           "broker had fallen silent")),
          sm::make_gauge(
              "requests_in_flight", [this] { return in_flight; },
              sm::description("Requests being served")),
          sm::make_gauge(
              "connections", [this] { return connections; }, sm::description("Open connections")),
          sm::make_counter("connections_accepted", connections_accepted,
                           sm::description("Connections accepted")),
          sm::make_counter("connections_refused", connections_refused,
                           sm::description("Connections closed at once: over a limit")),
      });
}

void meters_of_shard::answered(std::int16_t key, std::chrono::steady_clock::duration took) {
  const auto [at, fresh] = requests_.try_emplace(key);
  at->second.add(took);
  if (!fresh) return;
  namespace sm = seastar::metrics;
  const auto* api = kafka::find_api(key);
  const auto name = api ? std::string(api->name) : std::to_string(key);
  groups_.add_group(
      "kafka",
      {sm::make_histogram("request_seconds",
                          sm::description("Time from a request's arrival to its answer"),
                          {sm::label("api")(name)}, [h = &at->second] { return h->figures(); })});
}

void meters_of_shard::failed(kafka::error_code code) {
  if (code == kafka::error_code::none) return;
  const auto [at, fresh] = errors_.try_emplace(static_cast<std::int16_t>(code), 0);
  ++at->second;
  if (!fresh) return;
  namespace sm = seastar::metrics;
  groups_.add_group("kafka",
                    {sm::make_counter("errors", sm::description("Errors told to clients"),
                                      {sm::label("code")(std::string(kafka::describe(code).name))},
                                      [n = &at->second] { return *n; })});
}

}  // namespace weir::edge
