// DescribeGroups: members and their assignments.
#include "core/codec/describe_groups.h"

#include "edge/kafka/describe_each.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

using kafka::describe_groups_request;
using kafka::describe_groups_response;

seastar::future<answer> describe_groups(services& with, request r) {
  return serve<describe_groups_request,
               &describe_each<describe_groups_request, describe_groups_response,
                              &describe_groups_request::groups>>(with, std::move(r));
}

}  // namespace weir::edge
