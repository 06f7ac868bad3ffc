// ListTransactions (KIP-664, KIP-994): those whose coordinator is this broker.
#include "core/codec/list_transactions.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>

#include "edge/kafka/ask_transaction.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using kafka::list_transactions_request;
using kafka::list_transactions_response;

std::vector<std::int32_t> led_here(const services& with) {
  std::vector<std::int32_t> out;
  const auto* t = with.transactional_ids.found();
  if (!t) return out;
  for (std::size_t p = 0; p < t->partitions.size(); ++p) {
    const partition_key key{t->id, static_cast<std::int32_t>(p)};
    if (with.state.leader_of(key).node == with.state.settings().self) out.push_back(key.partition);
  }
  return out;
}

seastar::future<list_transactions_response> list(services& with, const request& r,
                                                 list_transactions_request in) {
  list_transactions_response out;
  for (const auto partition : led_here(with)) {
    const auto got =
        taken<list_transactions_response>(co_await with.transactional_ids.ask_partition(
            partition, {.is = in, .api_version = r.header.version}, r.body.size()));
    const auto error = got ? got->error : got.error();
    // One that went elsewhere meanwhile is listed there.
    if (error != error_code::none && error != error_code::not_coordinator) out.error = error;
    if (!got) continue;
    for (const auto& t : got->transaction_states) out.transaction_states.push_back(t);
    for (const auto& s : got->unknown_state_filters) {
      if (std::ranges::find(out.unknown_state_filters, s) == out.unknown_state_filters.end())
        out.unknown_state_filters.push_back(s);
    }
  }
  if (out.error != error_code::none) out.transaction_states.clear();
  with.meters.failed(out.error);
  co_return out;
}

}  // namespace

seastar::future<answer> list_transactions(services& with, request r) {
  return serve<list_transactions_request, &list>(with, std::move(r));
}

}  // namespace weir::edge
