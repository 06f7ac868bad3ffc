#pragma once
// The topics that hold coordinators' state: made at their first use.
#include <string_view>

#include "engine/cluster/cluster.h"

namespace weir {

enum class internal_topic : std::uint8_t { offsets, transactions, share_states };

inline constexpr std::string_view offsets_topic = "__consumer_offsets";
inline constexpr std::string_view transactions_topic = "__transaction_state";
inline constexpr std::string_view share_groups_topic = "__share_group_state";

// Topics that clients may look at, but that only coordinators write to.
constexpr bool is_internal_topic(std::string_view name) {
  return name == offsets_topic || name == transactions_topic || name == share_groups_topic;
}
constexpr std::string_view name_of(internal_topic which) {
  switch (which) {
    case internal_topic::offsets:
      return offsets_topic;
    case internal_topic::transactions:
      return transactions_topic;
    case internal_topic::share_states:
      return share_groups_topic;
  }
  return {};
}

// Makes the topic if it is not there. False: it could not be made now, and somebody may ask again.
seastar::future<bool> make_internal_topic(cluster& state, internal_topic which);

// How many partitions it gets where nobody said: the number can't change later, so that clusters
// that grow have some to move, and small ones don't pay for many.
std::int32_t default_partitions(std::size_t brokers);

}  // namespace weir
