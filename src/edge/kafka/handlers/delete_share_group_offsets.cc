// DeleteShareGroupOffsets: a share group without members begins topics anew (KIP-932).
#include "core/codec/delete_share_group_offsets.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/handlers.h"
#include "edge/kafka/share_offsets.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using message = kafka::delete_share_group_offsets_request;
using response = kafka::delete_share_group_offsets_response;

seastar::future<response> remove(services& with, const request& r, message in) {
  response out;
  const auto refuse = [&](error_code code, const text& why) {
    out.error = code;
    out.error_message = why.empty() ? text::unowned(message_of(code)) : why;
    with.meters.failed(code);
  };
  if (in.group_id.empty()) {
    refuse(error_code::invalid_group_id, {});
    co_return out;
  }
  group::share_plan_request wish{
      .group_id = in.group_id, .wish = group::share_wish::forget_topics, .topics = {}};
  for (const auto& t : in.topics) wish.topics.push_back({.name = t.topic_name});
  const auto plan = co_await ask_plan(with, r, std::move(wish));
  if (plan.error != error_code::none) {
    refuse(plan.error, plan.error_message);
    co_return out;
  }
  const auto told = co_await forget(with, in.group_id, plan);
  for (const auto& t : plan.topics) {
    auto& to = out.responses.emplace_back();
    to.topic_name = t.name;
    to.topic_id = t.id;
    const auto at = told.find(t.id);
    to.error = t.error == error_code::none && at != told.end() ? at->second : t.error;
    with.meters.failed(to.error);
    if (to.error == error_code::none) continue;
    to.error_message =
        t.error_message.empty() ? text::unowned(message_of(to.error)) : t.error_message;
  }
  co_return out;
}

}  // namespace

seastar::future<answer> delete_share_group_offsets(services& with, request r) {
  return serve<message, &remove>(with, std::move(r));
}

}  // namespace weir::edge
