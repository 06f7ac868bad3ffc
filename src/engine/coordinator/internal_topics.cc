#include "engine/coordinator/internal_topics.h"

#include <seastar/core/coroutine.hh>

#include <algorithm>

#include "core/catalog/placement_planner.h"
#include "engine/coordinator/coordinator_log.h"

namespace weir {
namespace {

constexpr std::int32_t partitions_a_broker = 16;
constexpr std::int32_t partitions_max = 64;

struct wishes {
  std::int64_t partitions;  // negative: by the cluster's size
  std::int64_t replicas;
  std::int64_t segment_bytes;
};

wishes wishes_of(const cluster_options& o, internal_topic which) {
  switch (which) {
    case internal_topic::offsets:
      return {o.offsets_partitions, o.offsets_replicas, o.offsets_segment_bytes};
    case internal_topic::transactions:
      return {o.transaction_partitions, o.transaction_replicas, o.transaction_segment_bytes};
    case internal_topic::share_states:
      return {o.share_states_partitions, o.share_states_replicas, o.share_states_segment_bytes};
  }
  return {};
}

void set(stored::topic_created& c, std::string_view name, std::string value) {
  auto& config = c.configs.emplace_back();
  config.name = text::copy(name);
  config.value = text(std::move(value));
}

}  // namespace

std::int32_t default_partitions(std::size_t brokers) {
  return std::clamp(partitions_a_broker *
                        static_cast<std::int32_t>(std::min<std::size_t>(brokers, partitions_max)),
                    partitions_a_broker, partitions_max);
}

seastar::future<bool> make_internal_topic(cluster& state, internal_topic which) {
  const auto name = name_of(which);
  if (state.catalog().find(name)) co_return true;
  const auto wanted = wishes_of(state.options(), which);
  const auto facts = state.facts();
  const auto up =
      static_cast<std::size_t>(std::ranges::count_if(state.catalog().brokers(), [&](const auto& b) {
        return catalog::takes_work(state.catalog(), facts, b.first);
      }));
  const auto count =
      wanted.partitions < 0 ? default_partitions(up) : static_cast<std::int32_t>(wanted.partitions);
  const auto factor = std::clamp<std::int64_t>(
      wanted.replicas, 1, static_cast<std::int64_t>(std::max<std::size_t>(1, up)));
  const auto placed = catalog::placement_planner(state.catalog(), facts)
                          .place(count, static_cast<std::int32_t>(factor));
  if (!placed) {
    coordinator_log.warn("{} can't be created now: {}", name, placed.error().message);
    co_return false;
  }
  stored::topic_created c;
  c.name = text::copy(name);
  c.topic_id = state.new_uuid();
  for (const auto& replicas : *placed) {
    auto& p = c.partitions.emplace_back();
    for (const auto node : replicas) p.replicas.push_back(node.value());
  }
  set(c, "cleanup.policy", "compact");
  set(c, "segment.bytes", std::to_string(wanted.segment_bytes));
  const auto done = co_await state.execute(std::move(c));
  // Another broker, or another client of this one, may have been faster.
  if (done || done.error() == command_error::topic_exists) co_return true;
  coordinator_log.warn("{} can't be created now ({})", name, static_cast<int>(done.error()));
  co_return false;
}

}  // namespace weir
