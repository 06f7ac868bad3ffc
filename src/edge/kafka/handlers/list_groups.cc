// ListGroups: those whose coordinator is this broker.
#include "core/codec/list_groups.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/ask_group.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using kafka::list_groups_request;
using kafka::list_groups_response;

seastar::future<list_groups_response> list(services& with, const request& r,
                                           list_groups_request in) {
  list_groups_response out;
  for (const auto partition : led_offsets_partitions(with)) {
    auto got = co_await ask_coordinator(with, r, partition, in);
    auto part = taken<list_groups_response>(std::move(got), in, r.header.version);
    // A partition that went elsewhere meanwhile is listed there. One that is being read makes the
    // list incomplete: the client is to ask again.
    if (part.error != error_code::none && part.error != error_code::not_coordinator)
      out.error = part.error;
    for (auto& g : part.groups) out.groups.push_back(std::move(g));
  }
  if (out.error != error_code::none) out.groups.clear();
  with.meters.failed(out.error);
  co_return out;
}

}  // namespace

seastar::future<answer> list_groups(services& with, request r) {
  return serve<list_groups_request, &list>(with, std::move(r));
}

}  // namespace weir::edge
