// InitProducerId: for idempotent producers (KIP-98, KIP-360) here, for transactional ids at their
// coordinator.
#include "core/codec/init_producer_id.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_transaction.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using kafka::init_producer_id_request;
using kafka::init_producer_id_response;

seastar::future<init_producer_id_response> give(services& with, const request& r,
                                                init_producer_id_request in) {
  init_producer_id_response out;
  const auto refuse = [&](error_code code) {
    out.error = code;
    out.producer_epoch = -1;
    with.meters.failed(code);
  };
  if (in.transactional_id && in.transactional_id->empty()) {
    refuse(error_code::invalid_request);
    co_return out;
  }
  if (in.transactional_id) {
    const auto id = *in.transactional_id;
    auto got =
        co_await ask_transaction<init_producer_id_response>(with, r, id.view(), std::move(in));
    if (got) {
      out = *std::move(got);
      with.meters.failed(out.error);
    } else {
      refuse(got.error());
    }
    co_return out;
  }
  if ((in.producer_id == -1) != (in.producer_epoch == -1)) {
    refuse(error_code::invalid_request);
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
  return serve<init_producer_id_request, &give>(with, std::move(r));
}

}  // namespace weir::edge
