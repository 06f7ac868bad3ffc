// ConsumerGroupDescribe: members of groups of the newer protocol, what they have and what they are
// to get (KIP-848).
#include "core/codec/consumer_group_describe.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/authorized.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/split_groups.h"

namespace weir::edge {
namespace {

using kafka::consumer_group_describe_request;
using kafka::consumer_group_describe_response;

seastar::future<consumer_group_describe_response> describe(services& with, const request& r,
                                                           consumer_group_describe_request in) {
  consumer_group_describe_response out;
  const bool operations = in.include_authorized_operations;
  co_await ask_each_coordinator<consumer_group_describe_request, consumer_group_describe_response,
                                &consumer_group_describe_request::group_ids>(
      with, r, std::move(in), [&](consumer_group_describe_response part) {
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

seastar::future<answer> consumer_group_describe(services& with, request r) {
  return serve<consumer_group_describe_request, &describe>(with, std::move(r));
}

}  // namespace weir::edge
