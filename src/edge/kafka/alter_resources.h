#pragma once
// The walk over resources that AlterConfigs and IncrementalAlterConfigs have in common.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>
#include <string_view>
#include <utility>

#include "edge/kafka/config_resource.h"

namespace weir::edge {

// `change_of(resource)` gives the config_change that a resource of the request asks for,
// `levels(resource, validate)` sets log levels. Resources that stand twice in the request are
// refused, as it would not be clear which one counts.
template <typename Response, typename Request, typename ChangeOf, typename Levels>
seastar::future<Response> alter_resources(services& with, const Request& in, ChangeOf change_of,
                                          Levels levels) {
  Response out;
  // Counted beforehand: the number of resources is the client's choice.
  std::map<std::pair<std::int8_t, std::string_view>, std::size_t> times;
  for (const auto& asked : in.resources) {
    ++times[{asked.resource_type, asked.resource_name.view()}];
    co_await seastar::coroutine::maybe_yield();
  }
  for (const auto& asked : in.resources) {
    auto& told = out.responses.emplace_back();
    told.resource_type = asked.resource_type;
    told.resource_name = asked.resource_name;
    told.error_message.reset();
    std::expected<void, config_refusal> done;
    if (times[{asked.resource_type, asked.resource_name.view()}] > 1) {
      done = std::unexpected(config_refusal{kafka::error_code::invalid_request,
                                            "Each resource must appear at most once."});
    } else if (auto resource = find_resource(with.state, asked.resource_type,
                                             asked.resource_name.view(), config_use::alter);
               !resource) {
      done = std::unexpected(resource.error());
    } else if (resource->kind == resource_kind::broker_logger) {
      done = levels(asked, in.validate_only);
    } else {
      done = co_await change_configs(with, *resource, change_of(asked), in.validate_only);
    }
    if (!done) {
      told.error = done.error().code;
      told.error_message = text(done.error().message);
      with.meters.failed(told.error);
    }
    co_await seastar::coroutine::maybe_yield();
  }
  co_return out;
}

}  // namespace weir::edge
