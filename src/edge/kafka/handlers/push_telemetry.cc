// PushTelemetry (KIP-714): a client's metrics, as OTLP, compressed.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "core/codec/push_telemetry.h"
#include "core/record/compression.h"
#include "core/telemetry/otlp_reader.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using telemetry::push_refusal;

// Of what was allowed as it came; and whatever that is.
constexpr std::size_t unpacked_factor = 4;
constexpr std::size_t unpacked_bytes_max = 16 << 20;
constexpr std::size_t fields_at_once = 1000;

error_code code_of(push_refusal refused) {
  switch (refused) {
    case push_refusal::too_soon:
      return error_code::throttling_quota_exceeded;
    case push_refusal::terminated:
      return error_code::invalid_request;
    case push_refusal::unknown_subscription:
      return error_code::unknown_subscription_id;
  }
  return error_code::unknown_server_error;
}

// Nothing: no such compression.
std::optional<record::codec> codec_of(std::int8_t type) {
  const auto codec = static_cast<record::codec>(type);
  switch (codec) {
    case record::codec::none:
    case record::codec::gzip:
    case record::codec::snappy:
    case record::codec::lz4:
    case record::codec::zstd:
      return codec;
  }
  return std::nullopt;
}

seastar::future<std::expected<fragments, error_code>> unpack(record::codec codec, fragments packed,
                                                             std::size_t size_max) {
  if (codec == record::codec::none) co_return packed;
  const auto source = record::make_decompressor(codec, std::move(packed), size_max);
  fragments out;
  while (true) {
    auto piece = source->next();
    if (!piece) {
      co_return std::unexpected(piece.error() == record::record_error::too_large_unpacked
                                    ? error_code::telemetry_too_large
                                    : error_code::invalid_record);
    }
    if (piece->empty()) co_return out;
    out.append(*std::move(piece));
    co_await seastar::coroutine::maybe_yield();
  }
}

seastar::future<error_code> take_metrics(services& with, fragments metrics) {
  telemetry::otlp_reader reader(metrics);
  while (!reader.ended()) {
    const auto one = reader.next(fields_at_once);
    if (!one) co_return error_code::invalid_record;
    if (*one) with.telemetry.add(**one);
    co_await seastar::coroutine::maybe_yield();
  }
  co_return error_code::none;
}

// Of one that came in its time.
seastar::future<error_code> take(services& with, kafka::push_telemetry_request in) {
  const auto most = static_cast<std::size_t>(with.state.options().client_metrics_push_bytes_max);
  const auto codec = codec_of(in.compression_type);
  if (!codec) {
    with.telemetry.instances().refused(in.client_instance_id);
    co_return error_code::unsupported_compression_type;
  }
  if (in.metrics.size() > most) co_return error_code::telemetry_too_large;
  with.telemetry.count_push(in.metrics.size());
  if (in.metrics.empty()) co_return error_code::none;
  const auto turn = co_await seastar::get_units(with.telemetry.unpacking(), 1);
  const auto size_max = std::min(unpacked_factor * most, unpacked_bytes_max);
  auto plain = co_await unpack(*codec, fragments(std::move(in.metrics)), size_max);
  if (!plain) co_return plain.error();
  co_return co_await take_metrics(with, *std::move(plain));
}

seastar::future<kafka::push_telemetry_response> push(services& with, const request& r,
                                                     kafka::push_telemetry_request in) {
  kafka::push_telemetry_response out;
  if (in.client_instance_id.is_zero()) {
    out.error = error_code::invalid_request;
  } else {
    const auto view = with.telemetry.view_of(with.state, r, in.client_instance_id);
    const auto now = client_telemetry::now();
    const auto let = with.telemetry.instances().pushed(in.client_instance_id, view,
                                                       in.subscription_id, in.terminating, now);
    out.error = let ? co_await take(with, std::move(in)) : code_of(let.error());
  }
  with.meters.failed(out.error);
  co_return out;
}

}  // namespace

seastar::future<answer> push_telemetry(services& with, request r) {
  return serve<kafka::push_telemetry_request, &push>(with, std::move(r));
}

}  // namespace weir::edge
