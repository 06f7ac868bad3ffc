// How far share groups are behind: where they are is known to the share coordinators, which are
// asked for it.
#include <seastar/core/coroutine.hh>
#include <seastar/core/loop.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "engine/coordinator/group_lag.h"

namespace weir {
namespace {

using summary_request = kafka::read_share_group_state_summary_request;
using summary = kafka::read_share_group_state_summary_response;

constexpr std::size_t groups_asked_at_once = 16;

template <typename Topics>
summary_request ask_of(const std::string& group, const Topics& topics) {
  summary_request out;
  out.group_id = text(group);
  for (const auto& [id, topic] : topics) {
    auto& to = out.topics.emplace_back();
    to.topic_id = id;
    for (const auto p : topic.partitions) {
      auto& one = to.partitions.emplace_back();
      one.partition = p;
      one.leader_epoch = -1;
    }
  }
  return out;
}

}  // namespace

seastar::future<group_lag::shared_by_group> group_lag::shared() {
  shared_by_group out;
  std::size_t count = 0;
  shared_left_out_ = 0;
  for (const auto& key : here()) {
    co_await seastar::coroutine::maybe_yield();
    const auto* core = deciding(key);
    if (!core) continue;
    core->for_each_share_partition([&](const group::share_partition_view& p) {
      if (count == partitions_shown_max) {
        ++shared_left_out_;
        return;
      }
      ++count;
      auto& topic = out[std::string(p.group)][p.key.topic_id];
      topic.name = p.topic;
      topic.partitions.push_back(p.key.partition);
    });
  }
  co_return out;
}

seastar::future<> group_lag::look_at_shares() {
  const auto known = co_await shared();
  lag_gauges::by_group groups;
  co_await seastar::max_concurrent_for_each(
      known, groups_asked_at_once,
      // The lambda lives until all of its calls have ended.
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
      [&](const auto& one) -> seastar::future<> {
        const auto& [name, topics] = one;
        const auto told =
            co_await persisters_.local().ask<summary_request, summary>(ask_of(name, topics));
        for (const auto& topic : told.results) {
          const auto at = topics.find(topic.topic_id);
          for (const auto& p : topic.partitions) {
            // A start of -1: nobody has begun to read there.
            if (p.error != kafka::error_code::none || p.start_offset < 0 || at == topics.end())
              continue;
            groups[name][{at->second.name, p.partition}] = {
                .at = p.start_offset, .done = std::max(0, p.delivery_complete_count)};
          }
        }
      });
  co_await count_lag(groups);
  shares_.show(std::move(groups));
}

}  // namespace weir
