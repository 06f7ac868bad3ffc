#pragma once
// For tests: a cluster whose plans are carried out at once, with leaders, sizes and disks.
#include <catch2/catch_all.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <vector>

#include "core/catalog/commands_test.h"
#include "core/catalog/leader_balancer.h"
#include "core/catalog/leader_table.h"
#include "core/catalog/placement_planner.h"
#include "core/catalog/replica_balancer.h"

namespace weir::catalog {

struct cluster_model {
  state s;
  broker_facts facts;
  leader_table leaders;
  std::uint64_t next_topic = 1000;
  std::uint64_t next_term = 1;

  // Its node id is its number, from 1 on.
  void add_broker(const std::string& rack = "", std::uint64_t disk = 0) {
    const auto n = s.node_ids().size() + 1;
    REQUIRE(s.apply(registration(n, static_cast<std::int32_t>(n), "")));
    if (!rack.empty()) {
      auto c = registration(n);
      c.rack = text(rack);
      REQUIRE(s.apply(c));
    }
    facts[node_id(static_cast<std::int32_t>(n))] = {.alive = true, .disk_bytes = disk};
  }
  void add_brokers(int count, int racks = 0, std::uint64_t disk = 0) {
    for (int i = 0; i < count; ++i)
      add_broker(racks == 0 ? "" : "rack-" + std::to_string(i % racks), disk);
  }
  void kill(std::int32_t node, std::int64_t silent_ms = 0) {
    auto& f = facts[node_id(node)];
    f.alive = false;
    f.silent_ms = silent_ms;
    leaders.drop_leader(node_id(node));
  }
  void want(std::int32_t node, broker_state what) { REQUIRE(s.apply(wanted(node, what))); }

  // A topic on these replicas; the first ones lead.
  uuid add_topic(const std::vector<std::vector<std::int32_t>>& partitions,
                 std::uint64_t bytes = 0) {
    const auto n = next_topic++;
    auto c = topic_on("", n, partitions);
    c.name = text("topic-" + std::to_string(n));
    REQUIRE(s.apply(c));
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      lead({id_of(n), static_cast<std::int32_t>(i)}, node_id(partitions[i].front()), bytes);
      for (const auto id : partitions[i]) facts[node_id(id)].disk_used += bytes;
    }
    return id_of(n);
  }
  // A topic where the planner puts it.
  uuid plan_topic(std::int32_t count, std::int32_t factor, std::uint64_t bytes = 0) {
    const auto placed = placement_planner(s, facts).place(count, factor);
    REQUIRE(placed);
    std::vector<std::vector<std::int32_t>> partitions;
    for (const auto& p : *placed) partitions.push_back(numbers(p));
    return add_topic(partitions, bytes);
  }
  void lead(const partition_key& key, node_id node, std::uint64_t bytes = 0,
            replica_list behind = {}) {
    const auto had = leaders.bytes_of(key);
    leaders.take(s, {.key = key,
                     .leader = node,
                     .term = term(next_term++),
                     .bytes = bytes == 0 ? had : bytes,
                     .behind = std::move(behind)});
  }

  template <typename Each>
  void for_each(Each each) const {
    for (const auto& [name, t] : s.topics()) {
      for (std::size_t i = 0; i < t->partitions.size(); ++i)
        each(partition_key{t->id, static_cast<std::int32_t>(i)}, t->partitions[i]);
    }
  }

  void carry_out(const std::vector<leader_transfer>& plan) {
    for (const auto& t : plan) {
      const auto* at = s.find(t.key);
      REQUIRE(at);
      REQUIRE(leaders.leader_of(t.key) == t.from);
      REQUIRE(std::ranges::contains(at->wanted(), t.to));
      REQUIRE(takes_work(s, facts, t.to));
      lead(t.key, t.to);
    }
  }
  // Begins, moves the bytes, finishes; a leader that is gone is followed by the first one.
  void carry_out(const std::vector<replica_move>& moves) {
    if (moves.empty()) return;
    REQUIRE(s.apply(command_of(moves)));
    stored::reassignments_finished done;
    for (const auto& m : moves) {
      const auto& at = *s.find(m.key);
      REQUIRE(at.reassigning());
      const auto bytes = leaders.bytes_of(m.key);
      for (const auto id : at.adding()) facts[id].disk_used += bytes;
      for (const auto id : at.removing()) facts[id].disk_used -= bytes;
      auto& p = done.partitions.emplace_back();
      p.topic_id = m.key.topic_id;
      p.partition = m.key.partition;
      p.version = at.version();
    }
    REQUIRE(s.apply(done));
    for (const auto& m : moves) {
      if (!s.find(m.key)->names(leaders.leader_of(m.key))) lead(m.key, m.target.front());
    }
  }

  [[nodiscard]] std::map<std::int32_t, int> leader_counts(std::optional<uuid> topic = {}) const {
    std::map<std::int32_t, int> out;
    for (const auto& [id, b] : s.brokers()) out[id.value()] = 0;
    for_each([&](const partition_key& key, const placement&) {
      if (!topic || *topic == key.topic_id) ++out[leaders.leader_of(key).value()];
    });
    return out;
  }
  [[nodiscard]] std::map<std::int32_t, int> replica_counts(std::optional<uuid> topic = {}) const {
    std::map<std::int32_t, int> out;
    for (const auto& [id, b] : s.brokers()) out[id.value()] = 0;
    for_each([&](const partition_key& key, const placement& at) {
      if (topic && *topic != key.topic_id) return;
      for (const auto id : at.wanted()) ++out[id.value()];
    });
    return out;
  }
  [[nodiscard]] std::size_t racks_of(const placement& at) const {
    std::set<std::string> racks;
    for (const auto id : at.wanted()) {
      const auto* b = s.find_broker(id);
      racks.insert(!b || b->rack.empty() ? "node " + std::to_string(id.value()) : b->rack);
    }
    return racks.size();
  }
};

// The largest less the smallest.
inline int unevenness(const std::map<std::int32_t, int>& counts) {
  const auto [least, most] = std::ranges::minmax(counts | std::views::values);
  return most - least;
}

}  // namespace weir::catalog
