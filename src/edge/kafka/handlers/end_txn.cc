// EndTxn: commits or aborts. Answered once that is decided; the markers follow.
#include "core/codec/end_txn.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_transaction.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

seastar::future<kafka::end_txn_response> end(services& with, const request& r,
                                             kafka::end_txn_request in) {
  kafka::end_txn_response out;
  const auto id = in.transactional_id;
  auto got = co_await ask_transaction<kafka::end_txn_response>(with, r, id.view(), std::move(in));
  if (got) {
    out = *std::move(got);
  } else {
    out.error = got.error();
  }
  with.meters.failed(out.error);
  co_return out;
}

}  // namespace

seastar::future<answer> end_txn(services& with, request r) {
  return serve<kafka::end_txn_request, &end>(with, std::move(r));
}

}  // namespace weir::edge
