#pragma once
// What a streams group's heartbeat must say whatever state its group is in.
#include "core/codec/streams_group_heartbeat.h"
#include "core/group/group_error.h"

namespace weir::group {

group_result check(const kafka::streams_group_heartbeat_request& r);

}  // namespace weir::group
