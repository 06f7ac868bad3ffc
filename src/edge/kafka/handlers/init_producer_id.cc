// InitProducerId for idempotent producers (KIP-98, KIP-360).
#include <seastar/core/coroutine.hh>

#include "core/codec/init_producer_id.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// The last epoch is never given out, so that there is always one to fence with.
constexpr std::int16_t epoch_max = INT16_MAX - 1;

seastar::future<kafka::init_producer_id_response> give(services& with, const request&,
                                                       kafka::init_producer_id_request in) {
  kafka::init_producer_id_response out;
  const auto refuse = [&](error_code code) {
    out.error = code;
    with.meters.failed(code);
  };
  if (in.transactional_id) {
    // Transactions are not served yet. This code is final for clients, where a retriable one would
    // make them ask for ever.
    refuse(in.transactional_id->empty() ? error_code::invalid_request
                                        : error_code::transactional_id_authorization_failed);
    co_return out;
  }
  if ((in.producer_id == -1) != (in.producer_epoch == -1)) {
    refuse(error_code::invalid_request);
    co_return out;
  }
  if (in.producer_id != -1 && in.producer_epoch < epoch_max) {
    out.producer_id = in.producer_id;
    out.producer_epoch = static_cast<std::int16_t>(in.producer_epoch + 1);
    co_return out;
  }
  const auto id = co_await with.state.new_producer_id();
  if (id) {
    out.producer_id = *id;
  } else {
    refuse(code_of(id.error()));
  }
  co_return out;
}

}  // namespace

seastar::future<answer> init_producer_id(services& with, request r) {
  return serve<kafka::init_producer_id_request, &give>(with, std::move(r));
}

}  // namespace weir::edge
