#pragma once
// What a ConsumerGroupHeartbeat must say whatever state its group is in.
#include <cstdint>

#include "core/codec/consumer_group_heartbeat.h"
#include "core/group/consumer_settings.h"
#include "core/group/group_error.h"

namespace weir::group {

group_result check(const kafka::consumer_group_heartbeat_request& r, std::int16_t version,
                   const consumer_settings& settings);

}  // namespace weir::group
