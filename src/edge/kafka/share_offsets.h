#pragma once
// Requests about where share groups are (KIP-932): first the group's coordinator says what they
// mean, then the share coordinators are asked.
#include <absl/container/flat_hash_map.h>

#include "core/group/share_plan.h"
#include "edge/kafka/ask_group.h"

namespace weir::edge {

seastar::future<group::share_plan> ask_plan(services& with, const request& r,
                                            group::share_plan_request in);
// Deletes what the plan names. The error of each topic; none: it is gone, and the group's
// coordinator knows.
seastar::future<absl::flat_hash_map<uuid, kafka::error_code>> forget(services& with, text group,
                                                                     const group::share_plan& plan);
// Tells the group's coordinator that the share coordinators know of these.
seastar::future<> tell_initialized(services& with, text group, group::topic_partitions partitions);

}  // namespace weir::edge
