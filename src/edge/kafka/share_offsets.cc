#include "edge/kafka/share_offsets.h"

namespace weir::edge {
namespace {

using kafka::error_code;

// A step of the group's coordinator that nobody waits for: what it says holds already.
template <typename Step>
seastar::future<> step(services& with, text group, Step take) {
  const auto partition = with.groups.partition_of(group.view());
  if (!partition) co_return;
  (void)co_await with.groups.on(
      *partition,
      [take = std::move(take)](coordinator_shell<group_kind>& s)
          -> seastar::future<std::expected<void, coordinator_error>> {
        return seastar::make_ready_future<std::expected<void, coordinator_error>>(s.act(take));
      });
}

}  // namespace

seastar::future<group::share_plan> ask_plan(services& with, const request& r,
                                            group::share_plan_request in) {
  const auto group = in.group_id;
  const group::request again = in;
  auto got = co_await ask_coordinator(with, r, group.view(), std::move(in));
  co_return taken<group::share_plan>(std::move(got), again, r.header.version);
}

seastar::future<absl::flat_hash_map<uuid, error_code>> forget(services& with, text group,
                                                              const group::share_plan& plan) {
  absl::flat_hash_map<uuid, error_code> out;
  kafka::delete_share_group_state_request asked;
  asked.group_id = group;
  for (const auto& t : plan.topics) {
    if (t.error != error_code::none) continue;
    out[t.id] = error_code::none;
    if (t.partitions.empty()) continue;
    auto& topic = asked.topics.emplace_back();
    topic.topic_id = t.id;
    for (const auto p : t.partitions) topic.partitions.emplace_back().partition = p;
  }
  if (!asked.topics.empty()) {
    const auto told =
        co_await with.persister
            .ask<kafka::delete_share_group_state_request, kafka::delete_share_group_state_response>(
                std::move(asked));
    for (const auto& topic : told.results) {
      for (const auto& p : topic.partitions) {
        if (p.error != error_code::none && p.error != error_code::unknown_topic_or_partition)
          out[topic.topic_id] = p.error;
      }
    }
  }
  std::vector<uuid> gone;
  for (const auto& [id, error] : out) {
    if (error == error_code::none) gone.push_back(id);
  }
  if (gone.empty()) co_return out;
  co_await step(with, group, [group, gone](group::coordinator& c, group::moment now) {
    return group_effects{c.share_forgotten(group, gone, now), c};
  });
  co_return out;
}

seastar::future<> tell_initialized(services& with, text group, group::topic_partitions partitions) {
  return step(
      with, group,
      [group, partitions = std::move(partitions)](group::coordinator& c, group::moment now) {
        return group_effects{c.share_initialized(group, partitions, now), c};
      });
}

}  // namespace weir::edge
