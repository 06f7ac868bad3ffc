// DescribeShareGroupOffsets: where share groups are, and how far behind (KIP-932, KIP-1226).
#include "core/codec/describe_share_group_offsets.h"

#include <seastar/core/coroutine.hh>

#include "edge/kafka/handlers.h"
#include "edge/kafka/share_offsets.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using message = kafka::describe_share_group_offsets_request;
using response = kafka::describe_share_group_offsets_response;
using summary_request = kafka::read_share_group_state_summary_request;
using summary = kafka::read_share_group_state_summary_response;

constexpr std::int64_t unknown = -1;

// Topics as they were named, or all that the group has.
seastar::future<group::share_plan> topics_of(services& with, const request& r,
                                             const message::group& asked) {
  if (!asked.topics)
    co_return co_await ask_plan(
        with, r, {.group_id = asked.group_id, .wish = group::share_wish::tell, .topics = {}});
  group::share_plan out;
  for (const auto& t : *asked.topics) {
    auto& to = out.topics.emplace_back();
    to.name = t.topic_name;
    to.partitions.assign(t.partitions.begin(), t.partitions.end());
    if (const auto* known = with.state.catalog().find(t.topic_name.view())) to.id = known->id;
  }
  co_return out;
}

struct progress_of {
  error_code error = error_code::none;
  std::int64_t start = unknown;
  std::int32_t leader_epoch = 0;
  std::int32_t complete = 0;
};
using known_progress = absl::flat_hash_map<partition_key, progress_of>;

seastar::future<known_progress> ask_progress(services& with, const text& group,
                                             const group::share_plan& plan) {
  summary_request asked;
  asked.group_id = group;
  for (const auto& t : plan.topics) {
    const auto* known = with.state.catalog().find(t.id);
    if (!known) continue;
    auto& topic = asked.topics.emplace_back();
    topic.topic_id = t.id;
    for (const auto p : t.partitions) {
      if (p < 0 || std::cmp_greater_equal(p, known->partitions.size())) continue;
      auto& to = topic.partitions.emplace_back();
      to.partition = p;
      to.leader_epoch = -1;
    }
    if (topic.partitions.empty()) asked.topics.pop_back();
  }
  known_progress out;
  if (asked.topics.empty()) co_return out;
  const auto told = co_await with.persister.ask<summary_request, summary>(std::move(asked));
  for (const auto& topic : told.results) {
    for (const auto& p : topic.partitions) {
      out[{topic.topic_id, p.partition}] = {.error = p.error,
                                            .start = p.start_offset,
                                            .leader_epoch = p.leader_epoch,
                                            .complete = std::max(0, p.delivery_complete_count)};
    }
  }
  co_return out;
}

seastar::future<response::group> describe(services& with, const request& r, message::group asked) {
  response::group out;
  out.group_id = asked.group_id;
  const auto plan = co_await topics_of(with, r, asked);
  out.error = plan.error;
  if (plan.error != error_code::none) {
    out.error_message =
        plan.error_message.empty() ? text::unowned(message_of(plan.error)) : plan.error_message;
    with.meters.failed(plan.error);
    co_return out;
  }
  const auto progress = co_await ask_progress(with, asked.group_id, plan);
  std::vector<partition_key> begun;
  for (const auto& [key, p] : progress) {
    if (p.start != unknown) begun.push_back(key);
  }
  const auto ends = co_await with.lag.ends_of(std::move(begun));
  for (const auto& t : plan.topics) {
    auto& topic = out.topics.emplace_back();
    topic.topic_name = t.name;
    topic.topic_id = t.id;
    for (const auto p : t.partitions) {
      auto& to = topic.partitions.emplace_back();
      to.partition_index = p;
      to.start_offset = unknown;
      const auto at = progress.find(partition_key{t.id, p});
      if (at == progress.end()) continue;
      const auto& is = at->second;
      to.error = is.error;
      if (is.error != error_code::none) {
        to.error_message = text::unowned(message_of(is.error));
        continue;
      }
      to.start_offset = is.start;
      to.leader_epoch = is.leader_epoch;
      const auto end = ends.find(partition_key{t.id, p});
      if (end != ends.end()) to.lag = end->second - is.start - is.complete;
    }
  }
  co_return out;
}

seastar::future<response> describe_all(services& with, const request& r, message in) {
  response out;
  for (auto& g : in.groups) out.groups.push_back(co_await describe(with, r, std::move(g)));
  co_return out;
}

}  // namespace

seastar::future<answer> describe_share_group_offsets(services& with, request r) {
  return serve<message, &describe_all>(with, std::move(r));
}

}  // namespace weir::edge
