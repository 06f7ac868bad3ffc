// DeleteGroups: groups without members, and their offsets. What share coordinators keep of a share
// group goes first: a group that is not there can't be asked for it any more.
#include "core/codec/delete_groups.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/handlers.h"
#include "edge/kafka/share_offsets.h"
#include "edge/kafka/split_groups.h"

namespace weir::edge {
namespace {

using kafka::delete_groups_request;
using kafka::delete_groups_response;
using kafka::error_code;

// An error: the group must not go yet.
seastar::future<error_code> forget_progress(services& with, const request& r, text group) {
  const auto plan = co_await ask_plan(
      with, r, {.group_id = group, .wish = group::share_wish::forget_group, .topics = {}});
  // Not there, or of another kind: that is said of the group itself.
  if (plan.error == error_code::group_id_not_found) co_return error_code::none;
  if (plan.error != error_code::none || plan.topics.empty()) co_return plan.error;
  for (const auto& [id, error] : co_await forget(with, group, plan)) {
    if (error != error_code::none) co_return error;
  }
  co_return error_code::none;
}

seastar::future<delete_groups_response> remove(services& with, const request& r,
                                               delete_groups_request in) {
  delete_groups_response out;
  const auto tell = [&](const text& id, error_code error) {
    with.meters.failed(error);
    out.results.push_back({id, error});
  };
  delete_groups_request left;
  for (const auto& id : in.groups_names) {
    const auto error = co_await forget_progress(with, r, id);
    if (error != error_code::none) {
      tell(id, error);
    } else {
      left.groups_names.push_back(id);
    }
  }
  co_await ask_each_coordinator<delete_groups_request, delete_groups_response,
                                &delete_groups_request::groups_names>(
      with, r, std::move(left), [&](delete_groups_response part) {
        for (auto& g : part.results) tell(g.group_id, g.error);
      });
  co_return out;
}

}  // namespace

seastar::future<answer> delete_groups(services& with, request r) {
  return serve<delete_groups_request, &remove>(with, std::move(r));
}

}  // namespace weir::edge
