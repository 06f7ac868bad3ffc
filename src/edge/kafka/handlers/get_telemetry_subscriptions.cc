// GetTelemetrySubscriptions (KIP-714): which metrics a client is to push, and how often.
#include <seastar/core/coroutine.hh>

#include "core/codec/get_telemetry_subscriptions.h"
#include "core/record/batch_header.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// The best first.
constexpr record::codec accepted[] = {record::codec::zstd, record::codec::lz4, record::codec::gzip,
                                      record::codec::snappy};

seastar::future<kafka::get_telemetry_subscriptions_response> tell(
    services& with, const request& r, kafka::get_telemetry_subscriptions_request in) {
  kafka::get_telemetry_subscriptions_response out;
  const auto instance =
      in.client_instance_id.is_zero() ? with.state.new_uuid() : in.client_instance_id;
  const auto view = with.telemetry.view_of(with.state, r, instance);
  if (!with.telemetry.instances().asked(instance, view, client_telemetry::now())) {
    out.error = error_code::throttling_quota_exceeded;
    with.meters.failed(out.error);
    co_return out;
  }
  out.client_instance_id = instance;
  out.subscription_id = view.id;
  for (const auto codec : accepted)
    out.accepted_compression_types.push_back(static_cast<std::int8_t>(codec));
  out.push_interval_ms = static_cast<std::int32_t>(view.interval.count());
  out.telemetry_max_bytes =
      static_cast<std::int32_t>(with.state.options().client_metrics_push_bytes_max);
  out.delta_temporality = true;
  for (const auto& name : view.metrics) out.requested_metrics.push_back(text(name));
  co_return out;
}

}  // namespace

seastar::future<answer> get_telemetry_subscriptions(services& with, request r) {
  return serve<kafka::get_telemetry_subscriptions_request, &tell>(with, std::move(r));
}

}  // namespace weir::edge
