#pragma once
// How a share group reads, from the options of the cluster and its own.
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/options/declared.h"
#include "core/share/deliveries.h"

namespace weir {

// Where a group begins in a partition of which nothing is stored.
struct share_reset {
  enum class kind : std::uint8_t { latest, earliest, before_now };
  kind from = kind::latest;
  std::int64_t ms = 0;  // before now
  bool operator==(const share_reset&) const = default;
};

struct share_rules {
  share::delivery_settings deliveries;
  bool committed = false;  // share.isolation.level
  bool renewal = true;     // share.renew.acknowledge.enable
  share_reset reset;
};

share_rules share_rules_of(const group_options& own);
// share.auto.offset.reset: latest, earliest, by_duration:PnDTnHnMn.nS. Nothing: it is none.
std::optional<share_reset> parse_share_reset(std::string_view from);

}  // namespace weir
