// UnregisterBroker (KIP-631): a broker that is gone for good. Kafka takes a broker's replicas from
// it with that; here it must have none left, since data that nobody else has would be forgotten
// with it, and must be down, since it would register again at once.
#include <seastar/core/coroutine.hh>

#include "core/codec/unregister_broker.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

struct refusal {
  error_code code = error_code::none;
  std::string message;
};

refusal check(const cluster& state, node_id node) {
  if (!state.catalog().find_broker(node)) {
    return {error_code::broker_id_not_registered,
            fmt::format("Broker ID {} is not currently registered", node)};
  }
  if (const auto held = state.catalog().replica_count(node); held > 0) {
    return {error_code::invalid_request,
            fmt::format("Broker ID {} still holds replicas of {} partition(s): move them elsewhere "
                        "first",
                        node, held)};
  }
  if (state.alive(node)) {
    return {
        error_code::invalid_request,
        fmt::format("Broker ID {} is up, and would register again at once: stop it first", node)};
  }
  return {};
}

seastar::future<kafka::unregister_broker_response> unregister(services& with, const request&,
                                                              kafka::unregister_broker_request in) {
  kafka::unregister_broker_response out;
  out.error_message.reset();
  const node_id node(in.broker_id);
  auto why = check(with.state, node);
  if (why.code == error_code::none) {
    stored::broker_unregistered gone;
    gone.node_id = in.broker_id;
    if (const auto done = co_await with.state.execute(gone); !done) {
      // It got a replica, or another client was faster.
      why = check(with.state, node);
      if (why.code == error_code::none) {
        why.code = code_of(done.error());
        why.message = kafka::describe(why.code).message;
      }
    }
  }
  if (why.code != error_code::none) {
    out.error = why.code;
    out.error_message = text(std::move(why.message));
    with.meters.failed(out.error);
  }
  co_return out;
}

}  // namespace

seastar::future<answer> unregister_broker(services& with, request r) {
  return serve<kafka::unregister_broker_request, &unregister>(with, std::move(r));
}

}  // namespace weir::edge
