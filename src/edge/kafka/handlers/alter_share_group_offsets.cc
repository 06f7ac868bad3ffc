// AlterShareGroupOffsets: a share group without members begins anew where it is told to (KIP-932).
#include "core/codec/alter_share_group_offsets.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>

#include "edge/kafka/handlers.h"
#include "edge/kafka/share_offsets.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using message = kafka::alter_share_group_offsets_request;
using response = kafka::alter_share_group_offsets_response;
using initialize_request = kafka::initialize_share_group_state_request;
using initialized = kafka::initialize_share_group_state_response;
using codes = absl::flat_hash_map<partition_key, error_code>;

group::share_plan_request plan_of(const message& in) {
  group::share_plan_request out{
      .group_id = in.group_id, .wish = group::share_wish::place, .topics = {}};
  for (const auto& t : in.topics) {
    auto& to = out.topics.emplace_back();
    to.name = t.topic_name;
    for (const auto& p : t.partitions) to.partitions.push_back(p.partition_index);
  }
  return out;
}

// What became of each partition that the plan has.
seastar::future<codes> place(services& with, const message& in, const group::share_plan& plan) {
  initialize_request asked;
  asked.group_id = in.group_id;
  for (std::size_t i = 0; i < plan.topics.size(); ++i) {
    const auto& t = plan.topics[i];
    if (t.error != error_code::none || t.partitions.empty()) continue;
    auto& topic = asked.topics.emplace_back();
    topic.topic_id = t.id;
    for (const auto& p : in.topics[i].partitions) {
      if (!std::ranges::binary_search(t.partitions, p.partition_index)) continue;
      auto& to = topic.partitions.emplace_back();
      to.partition = p.partition_index;
      to.state_epoch = plan.state_epoch;
      to.start_offset = std::max<std::int64_t>(p.start_offset, no_offset.value());
    }
  }
  codes out;
  if (asked.topics.empty()) co_return out;
  const auto told = co_await with.persister.ask<initialize_request, initialized>(std::move(asked));
  group::topic_partitions done;
  for (const auto& topic : told.results) {
    for (const auto& p : topic.partitions) {
      out[{topic.topic_id, p.partition}] = p.error;
      if (p.error == error_code::none) done.add({topic.topic_id, p.partition});
    }
  }
  co_await tell_initialized(with, in.group_id, std::move(done));
  co_return out;
}

seastar::future<response> alter(services& with, const request& r, message in) {
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
  if (in.topics.empty()) co_return out;
  const auto plan = co_await ask_plan(with, r, plan_of(in));
  if (plan.error != error_code::none) {
    refuse(plan.error, plan.error_message);
    co_return out;
  }
  const auto told = co_await place(with, in, plan);
  for (std::size_t i = 0; i < in.topics.size(); ++i) {
    auto& topic = out.responses.emplace_back();
    topic.topic_name = in.topics[i].topic_name;
    topic.topic_id = plan.topics[i].id;
    for (const auto& p : in.topics[i].partitions) {
      auto& to = topic.partitions.emplace_back();
      to.partition_index = p.partition_index;
      const auto at = told.find(partition_key{topic.topic_id, p.partition_index});
      to.error = at == told.end() ? error_code::unknown_topic_or_partition : at->second;
      with.meters.failed(to.error);
      if (to.error != error_code::none) to.error_message = text::unowned(message_of(to.error));
    }
  }
  co_return out;
}

}  // namespace

seastar::future<answer> alter_share_group_offsets(services& with, request r) {
  return serve<message, &alter>(with, std::move(r));
}

}  // namespace weir::edge
