#pragma once
// The features whose levels the cluster agrees on (KIP-584), as far as this version supports them.
// Each broker registers with these; a level can be in force only while every broker supports it.
#include <cstdint>
#include <string_view>

#include "core/catalog/state.h"

namespace weir {

struct feature {
  std::string_view name;
  std::int16_t level_min;
  std::int16_t level_max;
  // In force where the catalog holds none; 0: off.
  std::int16_t level_unless_set;
  // Clients of Kafka see it and may change it.
  bool kafkas;
};

inline constexpr feature features[] = {
    // Formats and messages of Weir's own.
    {.name = "weir.version",
     .level_min = 0,
     .level_max = 1,
     .level_unless_set = 0,
     .kafkas = false},
    // Of Kafka's metadata log. Weir has none, so there is nothing to choose: the level of the Kafka
    // whose APIs are served, 4.3.
    {.name = "metadata.version",
     .level_min = 30,
     .level_max = 30,
     .level_unless_set = 30,
     .kafkas = true},
    // The consumer group protocol (KIP-848) and transactions of version 2 (KIP-890): always on.
    // Clients that know neither are served as before.
    {.name = "group.version",
     .level_min = 1,
     .level_max = 1,
     .level_unless_set = 1,
     .kafkas = true},
    {.name = "transaction.version",
     .level_min = 2,
     .level_max = 2,
     .level_unless_set = 2,
     .kafkas = true},
    // Share groups (KIP-932): always on, too.
    {.name = "share.version",
     .level_min = 1,
     .level_max = 1,
     .level_unless_set = 1,
     .kafkas = true},
    // Streams groups (KIP-1071): always on, too.
    {.name = "streams.version",
     .level_min = 1,
     .level_max = 1,
     .level_unless_set = 1,
     .kafkas = true},
};

constexpr const feature* find_feature(std::string_view name) {
  for (const auto& f : features) {
    if (f.name == name) return &f;
  }
  return nullptr;
}

inline std::int16_t level_in_force(const catalog::state& state, const feature& f) {
  const auto& levels = state.feature_levels();
  const auto at = levels.find(f.name);
  return at == levels.end() ? f.level_unless_set : at->second;
}

}  // namespace weir
