// Initialize-, Read-, Write- and DeleteShareGroupState, ReadShareGroupStateSummary: what leaders of
// partitions and group coordinators ask share coordinators (KIP-932).
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>

#include "core/base/check.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "edge/kafka/services.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// All of `asked` refused alike.
template <typename Request, typename Response>
Response refusal(const Request& asked, error_code why) {
  Response out;
  for (const auto& topic : asked.topics) {
    auto& to = out.results.emplace_back();
    to.topic_id = topic.topic_id;
    for (const auto& p : topic.partitions) {
      auto& result = to.partitions.emplace_back();
      result.partition = p.partition;
      result.error = why;
      result.error_message = text(std::string(kafka::describe(why).message));
    }
  }
  return out;
}

// One request for each coordinator that it is for. Without the topic all are refused alike.
template <typename Request>
seastar::future<std::map<std::int32_t, Request>> split(services& with, Request in) {
  std::map<std::int32_t, Request> parts;
  for (auto& topic : in.topics) {
    for (auto& p : topic.partitions) {
      const auto name = share_state_name(in.group_id.view(), topic.topic_id, p.partition);
      auto& part = parts[with.share_states.partition_of(name).value_or(0)];
      part.group_id = in.group_id;
      if (part.topics.empty() || part.topics.back().topic_id != topic.topic_id)
        part.topics.emplace_back().topic_id = topic.topic_id;
      part.topics.back().partitions.push_back(std::move(p));
      co_await seastar::coroutine::maybe_yield();
    }
  }
  co_return parts;
}

template <typename Request, typename Response>
seastar::future<Response> ask_each(services& with, const request& r, Request in) {
  Response out;
  if (in.group_id.empty()) co_return out;  // as in Kafka: nothing is said of any partition
  auto parts = co_await split(with, std::move(in));
  for (auto& [partition, part] : parts) {
    auto got = co_await with.share_states.ask_partition(partition, part, r.body.size());
    Response answer;
    if (got) {
      auto* is = std::get_if<Response>(&*got);
      weir_check(is != nullptr, "a share coordinator answered with alternative {}", got->index());
      answer = std::move(*is);
    } else {
      answer = refusal<Request, Response>(part, code_of(got.error()));
    }
    for (auto& topic : answer.results) {
      for (const auto& p : topic.partitions) with.meters.failed(p.error);
      out.results.push_back(std::move(topic));
    }
  }
  co_return out;
}

template <typename Request, typename Response>
seastar::future<answer> serve_state(services& with, request r) {
  return serve<Request, &ask_each<Request, Response>>(with, std::move(r));
}

}  // namespace

seastar::future<answer> initialize_share_group_state(services& with, request r) {
  return serve_state<kafka::initialize_share_group_state_request,
                     kafka::initialize_share_group_state_response>(with, std::move(r));
}

seastar::future<answer> read_share_group_state(services& with, request r) {
  return serve_state<kafka::read_share_group_state_request, kafka::read_share_group_state_response>(
      with, std::move(r));
}

seastar::future<answer> write_share_group_state(services& with, request r) {
  return serve_state<kafka::write_share_group_state_request,
                     kafka::write_share_group_state_response>(with, std::move(r));
}

seastar::future<answer> delete_share_group_state(services& with, request r) {
  return serve_state<kafka::delete_share_group_state_request,
                     kafka::delete_share_group_state_response>(with, std::move(r));
}

seastar::future<answer> read_share_group_state_summary(services& with, request r) {
  return serve_state<kafka::read_share_group_state_summary_request,
                     kafka::read_share_group_state_summary_response>(with, std::move(r));
}

}  // namespace weir::edge
