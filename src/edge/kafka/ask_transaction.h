#pragma once
// A request about one transactional id, on its way to the id's coordinator and back.
#include <seastar/core/coroutine.hh>

#include <expected>

#include "core/base/check.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/request.h"
#include "edge/kafka/services.h"

namespace weir::edge {

template <typename Response>
using transaction_answer = std::expected<Response, kafka::error_code>;

template <typename Response>
transaction_answer<Response> taken(transactions_of_shard::result got) {
  if (!got) return std::unexpected(code_of(got.error()));
  auto* out = std::get_if<Response>(&*got);
  weir_check(out != nullptr, "a transaction coordinator answered with alternative {}",
             got->index());
  return std::move(*out);
}

template <typename Response>
seastar::future<transaction_answer<Response>> ask_transaction(services& with, const request& r,
                                                              std::string_view id,
                                                              transaction::request in) {
  co_return taken<Response>(co_await with.transactional_ids.ask(
      id, {.is = std::move(in), .api_version = r.header.version}, r.body.size()));
}

}  // namespace weir::edge
