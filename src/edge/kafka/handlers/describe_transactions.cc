// DescribeTransactions (KIP-664): how far the transactions of these ids have come.
#include "core/codec/describe_transactions.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_transaction.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::describe_transactions_request;
using kafka::describe_transactions_response;

seastar::future<describe_transactions_response> describe(services& with, const request& r,
                                                         describe_transactions_request in) {
  describe_transactions_response out;
  for (auto& id : in.transactional_ids) {
    describe_transactions_request one;
    one.transactional_ids.push_back(id);
    auto got = co_await ask_transaction<describe_transactions_response>(with, r, id.view(),
                                                                        std::move(one));
    describe_transactions_response::transaction_state_info told;
    if (got && !got->transaction_states.empty()) {
      told = std::move(got->transaction_states.front());
    } else {
      told.transactional_id = id;
      told.error = got ? kafka::error_code::unknown_server_error : got.error();
    }
    with.meters.failed(told.error);
    out.transaction_states.push_back(std::move(told));
  }
  co_return out;
}

}  // namespace

seastar::future<answer> describe_transactions(services& with, request r) {
  return serve<describe_transactions_request, &describe>(with, std::move(r));
}

}  // namespace weir::edge
