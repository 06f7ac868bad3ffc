#pragma once
// A broker as it registered itself, and what is wanted of it. Whether it is alive is not known
// here: that is soft.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/options/value.h"

namespace weir::catalog {

enum class broker_state : std::int8_t {
  active = 0,
  draining = 1,     // all its replicas are to go elsewhere: it is being decommissioned
  maintenance = 2,  // its leaders are to go elsewhere: it will be away for a while
};

// False: a newer version's.
constexpr bool is_known(broker_state s) {
  switch (s) {
    case broker_state::active:
    case broker_state::draining:
    case broker_state::maintenance:
      return true;
  }
  return false;
}

struct listener {
  std::string name;
  host_port at;
  bool operator==(const listener&) const = default;
};

struct level_range {
  std::int16_t min = 0;
  std::int16_t max = 0;
  bool operator==(const level_range&) const = default;
};

inline constexpr std::int32_t cores_max = 4096;

struct broker {
  node_id id;
  uuid directory;    // who it is: the id of its data directory
  uuid incarnation;  // of its process
  host_port peer;
  std::vector<listener> listeners;
  std::string rack;  // empty: none
  std::int32_t cores = 0;
  std::string version;  // of its software
  std::map<std::string, level_range, std::less<>> features;
  broker_state state = broker_state::active;

  [[nodiscard]] bool supports(std::string_view feature, std::int16_t level) const {
    const auto at = features.find(feature);
    if (at == features.end()) return level == 0;
    return at->second.min <= level && level <= at->second.max;
  }
  bool operator==(const broker&) const = default;
};

}  // namespace weir::catalog
