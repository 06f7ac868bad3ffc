#pragma once
// Requests about many groups: each coordinator is asked about its own.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>

#include "edge/kafka/ask_group.h"

namespace weir::edge {

// `list` is the request's member with the groups' ids. Calls `take(response)` for each answer.
template <typename Request, typename Response, auto List, typename Take>
seastar::future<> ask_each_coordinator(services& with, const request& r, Request in, Take take) {
  std::map<std::int32_t, Request> parts;
  auto ids = std::exchange(in.*List, {});
  for (auto& id : ids) {
    // Without the topic they all are refused alike.
    const auto partition = with.groups.partition_of(id.view()).value_or(0);
    const auto at = parts.try_emplace(partition, in).first;
    (at->second.*List).push_back(std::move(id));
    co_await seastar::coroutine::maybe_yield();
  }
  for (auto& [partition, part] : parts) {
    auto got = co_await ask_coordinator(with, r, partition, part);
    take(taken<Response>(std::move(got), std::move(part), r.header.version));
  }
}

}  // namespace weir::edge
