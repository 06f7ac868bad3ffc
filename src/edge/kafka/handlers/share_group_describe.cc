// ShareGroupDescribe: members of share groups and what they have (KIP-932).
#include "core/codec/share_group_describe.h"

#include "edge/kafka/describe_each.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

using kafka::share_group_describe_request;
using kafka::share_group_describe_response;

seastar::future<answer> share_group_describe(services& with, request r) {
  return serve<share_group_describe_request,
               &describe_each<share_group_describe_request, share_group_describe_response,
                              &share_group_describe_request::group_ids>>(with, std::move(r));
}

}  // namespace weir::edge
