// StreamsGroupDescribe: streams applications, their members and who has which task (KIP-1071).
#include "core/codec/streams_group_describe.h"

#include "edge/kafka/describe_each.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

using kafka::streams_group_describe_request;
using kafka::streams_group_describe_response;

seastar::future<answer> streams_group_describe(services& with, request r) {
  return serve<streams_group_describe_request,
               &describe_each<streams_group_describe_request, streams_group_describe_response,
                              &streams_group_describe_request::group_ids>>(with, std::move(r));
}

}  // namespace weir::edge
