// DeleteGroups: groups without members, and their offsets.
#include "core/codec/delete_groups.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/handlers.h"
#include "edge/kafka/split_groups.h"

namespace weir::edge {
namespace {

using kafka::delete_groups_request;
using kafka::delete_groups_response;

seastar::future<delete_groups_response> remove(services& with, const request& r,
                                               delete_groups_request in) {
  delete_groups_response out;
  co_await ask_each_coordinator<delete_groups_request, delete_groups_response,
                                &delete_groups_request::groups_names>(
      with, r, std::move(in), [&](delete_groups_response part) {
        for (auto& g : part.results) {
          with.meters.failed(g.error);
          out.results.push_back(std::move(g));
        }
      });
  co_return out;
}

}  // namespace

seastar::future<answer> delete_groups(services& with, request r) {
  return serve<delete_groups_request, &remove>(with, std::move(r));
}

}  // namespace weir::edge
