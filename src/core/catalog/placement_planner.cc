#include "core/catalog/placement_planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace weir::catalog {
namespace {

// Fuller disks get replicas only where nothing else is.
constexpr std::uint64_t full_percent = 85;

enum worth : int { good, full, in_maintenance, dead, draining };

int worth_of(const broker& b, const broker_fact& f) {
  if (b.state == broker_state::draining) return draining;
  if (!f.alive) return dead;
  if (b.state == broker_state::maintenance) return in_maintenance;
  const bool is_full = f.disk_bytes > 0 && f.disk_used / full_percent >= f.disk_bytes / 100;
  return is_full ? full : good;
}

placement_fault bad_factor(std::int32_t factor, std::string why) {
  return {placement_fault::kind::replication_factor,
          fmt::format("Unable to replicate the partition {} time(s): {}", factor, why)};
}

}  // namespace

placement_planner::placement_planner(const state& s, const broker_facts& facts)
    : state_(&s), facts_(&facts), loads_(s) {
  list_candidates();
}

void placement_planner::list_candidates() {
  std::map<std::string_view, std::uint32_t> racks;
  std::uint32_t next_rack = 0;
  for (const auto& [id, b] : state_->brokers()) {
    const auto at = facts_->find(id);
    const auto fact = at == facts_->end() ? broker_fact{} : at->second;
    std::uint32_t rack = next_rack;
    if (!b.rack.empty()) rack = racks.emplace(b.rack, next_rack).first->second;
    if (rack == next_rack) ++next_rack;
    candidates_.push_back({id, rack, worth_of(b, fact), fact.disk_used});
  }
}

std::expected<chunked_vector<replica_list>, placement_fault> placement_planner::place(
    std::int32_t count, std::int32_t factor, const topic* grown) {
  if (count < 1) {
    return std::unexpected(placement_fault{placement_fault::kind::partitions,
                                           "Number of partitions must be larger than 0."});
  }
  if (factor < 1) {
    return std::unexpected(placement_fault{placement_fault::kind::replication_factor,
                                           "Replication factor must be larger than 0."});
  }
  if (std::ranges::none_of(candidates_, [](const auto& c) { return c.worth < dead; }))
    return std::unexpected(bad_factor(factor, "All brokers are currently fenced."));
  if (static_cast<std::size_t>(factor) > std::min(candidates_.size(), replicas_max)) {
    return std::unexpected(bad_factor(
        factor, fmt::format("The target replication factor of {} cannot be reached because only {} "
                            "broker(s) are registered.",
                            factor, candidates_.size())));
  }
  auto of_topic = grown ? broker_loads(*grown) : broker_loads();
  chunked_vector<replica_list> out;
  for (std::int32_t i = 0; i < count; ++i) {
    const auto& placed = out.emplace_back(place_one(factor, of_topic));
    of_topic.add(placed);
    loads_.add(placed);
  }
  return out;
}

replica_list placement_planner::place_one(std::int32_t factor, broker_loads& of_topic) {
  replica_list out;
  while (out.size() < static_cast<std::size_t>(factor))
    out.push_back(best(out, of_topic, factor == 1)->id);
  // The one that leads least first: of this topic, then of all.
  const auto worth_of = [this](node_id node) {
    return std::ranges::find(candidates_, node, &candidate::id)->worth;
  };
  std::ranges::stable_sort(out, {}, [&](node_id node) {
    return std::tuple(worth_of(node), of_topic.of(node).preferred, loads_.of(node).preferred);
  });
  return out;
}

const placement_planner::candidate* placement_planner::best(const replica_list& taken,
                                                            const broker_loads& of_topic,
                                                            bool alone) const {
  std::map<std::uint32_t, std::size_t> in_rack;
  for (const auto& c : candidates_) {
    if (std::ranges::find(taken, c.id) != taken.end()) ++in_rack[c.rack];
  }
  const auto rank = [&](const candidate& c) {
    const auto used = in_rack.find(c.rack);
    const auto all = loads_.of(c.id);
    return std::tuple(c.worth, used == in_rack.end() ? 0 : used->second, of_topic.of(c.id).replicas,
                      all.replicas, alone ? all.preferred : 0, c.disk_used, c.id);
  };
  const candidate* found = nullptr;
  for (const auto& c : candidates_) {
    if (std::ranges::find(taken, c.id) != taken.end()) continue;
    if (!found || rank(c) < rank(*found)) found = &c;
  }
  return found;
}

}  // namespace weir::catalog
