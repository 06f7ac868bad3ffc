#pragma once
// Groups with members that go from the classic protocol to the consumer protocol and back (KIP-848,
// "Consumer group migration"): what one is in the words of the other.
#include <expected>
#include <string>
#include <vector>

#include "core/codec/coordinator/group_metadata.h"
#include "core/group/classic_group.h"
#include "core/group/consumer_group.h"
#include "core/group/group_error.h"

namespace weir::group {

bool may_upgrade(migration_policy policy);
bool may_downgrade(migration_policy policy);

// The records that make a group of the consumer protocol of this one. Its members keep what they
// were last given until they join again; its epoch is one for which nothing was shared out yet.
std::expected<std::vector<consumer_record>, group_error> upgraded(const classic_group& g,
                                                                  const consumer_settings& settings,
                                                                  const topic_view& topics);

// Whether all members are classic ones, and may be a group of their own.
bool can_downgrade(const consumer_state& state, const consumer_settings& settings,
                   std::size_t classic_members_max);
// Of a group that can, and what its members have. Its generation is one that nobody has been told:
// whatever happens, all of them have to join again.
logged::group_metadata_value downgraded(const consumer_state& state, const topic_view& topics,
                                        moment now);

}  // namespace weir::group
