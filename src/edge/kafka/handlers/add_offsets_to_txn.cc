// AddOffsetsToTxn: a transaction will commit offsets of this group.
#include "core/codec/add_offsets_to_txn.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_transaction.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::add_offsets_to_txn_request;
using kafka::add_offsets_to_txn_response;
using kafka::error_code;

seastar::future<add_offsets_to_txn_response> add(services& with, const request& r,
                                                 add_offsets_to_txn_request in) {
  add_offsets_to_txn_response out;
  const auto partition = with.groups.partition_of(in.group_id.view());
  if (partition) {
    const auto id = in.transactional_id;
    auto got = co_await ask_transaction<add_offsets_to_txn_response>(
        with, r, id.view(),
        transaction::add_offsets_to_txn{.request = std::move(in),
                                        .offsets_partition = partition_id(*partition)});
    out.error = got ? got->error : got.error();
  } else {
    // No group was ever used: the client looks for its coordinator next, which makes the topic.
    out.error = error_code::coordinator_not_available;
  }
  with.meters.failed(out.error);
  co_return out;
}

}  // namespace

seastar::future<answer> add_offsets_to_txn(services& with, request r) {
  return serve<add_offsets_to_txn_request, &add>(with, std::move(r));
}

}  // namespace weir::edge
