#pragma once
// For tests: commands made short, and random ones.
#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "core/catalog/state.h"

namespace weir::catalog {

inline uuid id_of(std::uint64_t n) {
  return {n, n};
}

inline stored::broker_registered registration(std::uint64_t directory, std::int32_t wished = -1,
                                              const char* rack = "") {
  stored::broker_registered c;
  c.broker_id = id_of(directory);
  c.incarnation = id_of(directory + 1000);
  c.wished_id = wished;
  c.peer_host = text("10.0.0." + std::to_string(directory));
  c.peer_port = 9093;
  auto& l = c.listeners.emplace_back();
  l.name = "PLAINTEXT";
  l.host = "broker.example";
  l.port = 9092;
  c.rack = rack;
  c.cores = 4;
  c.software_version = "0.1.0";
  auto& f = c.features.emplace_back();
  f.name = "weir.version";
  f.level_max = 2;
  return c;
}

inline stored::topic_created topic_on(const char* name, std::uint64_t id,
                                      const std::vector<std::vector<std::int32_t>>& partitions) {
  stored::topic_created c;
  c.name = name;
  c.topic_id = id_of(id);
  for (const auto& replicas : partitions) {
    auto& p = c.partitions.emplace_back();
    for (const auto node : replicas) p.replicas.push_back(node);
  }
  return c;
}

inline stored::broker_state_changed wanted(std::int32_t node, broker_state s) {
  stored::broker_state_changed c;
  c.node_id = node;
  c.state = static_cast<std::int8_t>(s);
  return c;
}

inline stored::broker_unregistered unregistered(std::int32_t node) {
  stored::broker_unregistered c;
  c.node_id = node;
  return c;
}

inline stored::reassignments_begun begun(std::uint64_t topic, std::int32_t partition,
                                         const std::vector<std::int32_t>& to,
                                         std::int32_t version = -1) {
  stored::reassignments_begun c;
  auto& p = c.partitions.emplace_back();
  p.topic_id = id_of(topic);
  p.partition = partition;
  p.version = version;
  for (const auto node : to) p.replicas.push_back(node);
  return c;
}

inline stored::reassignments_cancelled cancelled(std::uint64_t topic, std::int32_t partition,
                                                 std::int32_t version = -1) {
  stored::reassignments_cancelled c;
  auto& p = c.partitions.emplace_back();
  p.topic_id = id_of(topic);
  p.partition = partition;
  p.version = version;
  return c;
}

inline stored::reassignments_finished finished(std::uint64_t topic, std::int32_t partition,
                                               std::int32_t version) {
  stored::reassignments_finished c;
  auto& p = c.partitions.emplace_back();
  p.topic_id = id_of(topic);
  p.partition = partition;
  p.version = version;
  return c;
}

inline stored::feature_levels_changed level_set(const char* name, std::int16_t level,
                                                bool downgrade = false) {
  stored::feature_levels_changed c;
  auto& f = c.features.emplace_back();
  f.name = name;
  f.level = level;
  f.allow_downgrade = downgrade;
  return c;
}

inline std::vector<std::int32_t> numbers(std::span<const node_id> nodes) {
  std::vector<std::int32_t> out;
  for (const auto node : nodes) out.push_back(node.value());
  return out;
}

// Commands of which most can be applied, some can't.
class random_commands {
 public:
  explicit random_commands(std::uint64_t seed) : random_(seed) {}

  command next() {
    switch (below(16)) {
      case 0:
      case 1:
        return registration(1 + below(8), static_cast<std::int32_t>(below(12)) - 1);
      case 2:
        return unregistered(node());
      case 3:
        return wanted(node(), static_cast<broker_state>(below(3)));
      case 4:
        return level_set(below(4) == 0 ? "other" : "weir.version",
                         static_cast<std::int16_t>(below(4)), below(2) == 0);
      case 5:
      case 6:
        return created();
      case 7: {
        stored::topic_deleted c;
        c.topic_id = id_of(topic());
        return c;
      }
      case 8: {
        stored::partitions_added c;
        c.topic_id = id_of(topic());
        c.total = 1 + static_cast<std::int32_t>(below(6));
        for (auto n = below(3) + 1; n > 0; --n) {
          for (const auto r : nodes()) {
            if (c.added.empty()) c.added.emplace_back();
            c.added.back().replicas.push_back(r);
          }
        }
        return c;
      }
      case 9:
        return configs();
      case 10: {
        stored::producer_ids_allocated c;
        c.next_producer_id = static_cast<std::int64_t>(below(100'000));
        return c;
      }
      case 11:
        return cancelled(topic(), partition(), version());
      case 12:
      case 13:
        return finished(topic(), partition(), static_cast<std::int32_t>(below(6)));
      default:
        return begun(topic(), partition(), nodes(), version());
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  std::int32_t node() { return static_cast<std::int32_t>(below(10)); }
  std::uint64_t topic() { return 100 + below(5); }
  std::int32_t partition() { return static_cast<std::int32_t>(below(4)); }
  std::int32_t version() { return below(2) == 0 ? -1 : static_cast<std::int32_t>(below(4)); }
  std::vector<std::int32_t> nodes() {
    std::vector<std::int32_t> out;
    for (auto n = 1 + below(4); n > 0; --n) out.push_back(node());
    return out;
  }
  command created() {
    const auto id = topic();
    std::vector<std::vector<std::int32_t>> partitions(1 + below(4));
    for (auto& p : partitions) {
      for (auto n = 1 + below(3); n > 0; --n) {
        const auto r = node();
        if (std::ranges::find(p, r) == p.end()) p.push_back(r);
      }
    }
    auto c = topic_on("", id, partitions);
    c.name = text("topic-" + std::to_string(id));
    add_settings(c.configs);
    return c;
  }
  command configs() {
    stored::configs_changed c;
    static constexpr std::int8_t types[] = {topic_resource,  topic_resource,
                                            broker_resource, client_metrics_resource,
                                            group_resource,  77};
    c.resource_type = types[below(std::size(types))];
    c.resource_name = text(c.resource_type == topic_resource ? "topic-" + std::to_string(topic())
                           : below(2) == 0                   ? ""
                                                             : std::to_string(node()));
    if (below(3) == 0) c.was = static_cast<std::int64_t>(below(4));
    add_settings(c.configs);
    return c;
  }
  template <typename Settings>
  void add_settings(Settings& to) {
    static constexpr std::pair<const char*, const char*> known[] = {
        {"log.retention_ms", "1000"},
        {"log.segment_bytes", "1048576"},
        {"log.cleanup_policy", "compact,delete"},
        {"compaction.min_dirty_ratio", "0.25"},
        {"of.a.newer.version", "whatever it is"},
        {"log.retention_bytes", "not a number"}};
    for (const auto& [name, value] : known) {
      if (below(3) != 0) continue;
      auto& s = to.emplace_back();
      s.name = name;
      s.value = value;
    }
  }

  std::mt19937_64 random_;
};

}  // namespace weir::catalog
