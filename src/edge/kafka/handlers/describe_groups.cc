// DescribeGroups: members and their assignments.
#include "core/codec/describe_groups.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/authorized.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/split_groups.h"

namespace weir::edge {
namespace {

using kafka::describe_groups_request;
using kafka::describe_groups_response;

seastar::future<describe_groups_response> describe(services& with, const request& r,
                                                   describe_groups_request in) {
  describe_groups_response out;
  const bool operations = in.include_authorized_operations;
  co_await ask_each_coordinator<describe_groups_request, describe_groups_response,
                                &describe_groups_request::groups>(
      with, r, std::move(in), [&](describe_groups_response part) {
        for (auto& g : part.groups) {
          if (operations && g.error == kafka::error_code::none)
            g.authorized_operations = group_operations;
          with.meters.failed(g.error);
          out.groups.push_back(std::move(g));
        }
      });
  co_return out;
}

}  // namespace

seastar::future<answer> describe_groups(services& with, request r) {
  return serve<describe_groups_request, &describe>(with, std::move(r));
}

}  // namespace weir::edge
