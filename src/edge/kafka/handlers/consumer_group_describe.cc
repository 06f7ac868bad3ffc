// ConsumerGroupDescribe: members of groups of the newer protocol, what they have and what they are
// to get (KIP-848).
#include "core/codec/consumer_group_describe.h"

#include "edge/kafka/describe_each.h"
#include "edge/kafka/handlers.h"

namespace weir::edge {

using kafka::consumer_group_describe_request;
using kafka::consumer_group_describe_response;

seastar::future<answer> consumer_group_describe(services& with, request r) {
  return serve<consumer_group_describe_request,
               &describe_each<consumer_group_describe_request, consumer_group_describe_response,
                              &consumer_group_describe_request::group_ids>>(with, std::move(r));
}

}  // namespace weir::edge
