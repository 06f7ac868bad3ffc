#pragma once
// DescribeGroups and ConsumerGroupDescribe: the same question about groups of either protocol.
#include <seastar/core/coroutine.hh>

#include "edge/kafka/authorized.h"
#include "edge/kafka/split_groups.h"

namespace weir::edge {

// `Ids` is the request's member with the groups' ids.
template <typename Request, typename Response, auto Ids>
seastar::future<Response> describe_each(services& with, const request& r, Request in) {
  Response out;
  const bool operations = in.include_authorized_operations;
  co_await ask_each_coordinator<Request, Response, Ids>(with, r, std::move(in), [&](Response part) {
    for (auto& g : part.groups) {
      if (operations && g.error == kafka::error_code::none)
        g.authorized_operations = group_operations;
      with.meters.failed(g.error);
      out.groups.push_back(std::move(g));
    }
  });
  co_return out;
}

}  // namespace weir::edge
