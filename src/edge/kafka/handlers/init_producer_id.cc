// InitProducerId for idempotent producers (KIP-98, KIP-360).
#include <seastar/core/coroutine.hh>

#include "core/codec/init_producer_id.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

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
  // Whatever id and epoch the client names: without a transactional id nobody can tell whose they
  // are, so it always gets an id of its own. Idempotent producers raise their epoch by themselves
  // (KIP-360).
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
