#pragma once
// A new target assignment for a group of the consumer protocol.
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/group/consumer_settings.h"
#include "core/group/consumer_state.h"
#include "core/group/topics.h"

namespace weir::group {

// What the group's members subscribe to, whether it exists or not.
std::set<text> subscribed_topics(const consumer_state& state);

// Another number for another list of topics or partition counts; 0: none of them exists. The same
// in every process.
std::int64_t metadata_hash(const std::set<text>& names, const topic_view& topics);

// What most members ask for; of equals, and where nobody asks, what the settings name first.
assignor preferred_assignor(const consumer_state& state, const consumer_settings& settings);

// The records that make the target one of the group's present epoch: of each member whose part
// changes, then of the epoch. `work` grows by the steps taken.
std::vector<consumer_record> new_target(const consumer_state& state, const topic_view& topics,
                                        assignor by, std::int64_t wall_ms, std::uint64_t& work);

}  // namespace weir::group
