#pragma once
// What is asked of share coordinators, as their messages have it.
#include "core/share/coordinator.h"
#include "core/share/deliveries.h"

namespace weir::sim::shares {

share::request read_of(const share::share_partition& p, std::int32_t leader_epoch);
share::request write_of(const share::share_partition& p, std::int32_t state_epoch,
                        std::int32_t leader_epoch, const share::delivery_change& change);
share::request begin_of(const share::share_partition& p, std::int32_t state_epoch,
                        std::int64_t start);
share::request end_of(const share::share_partition& p);

// A late copy of one that begins or ends a state would do so again; all others may come twice.
bool may_come_twice(const share::request& r);
// The answer that says so of all that was asked about.
share::answer refusal_of(const share::request& r, kafka::error_code why);
// Of its one partition.
kafka::error_code code_of(const share::answer& a);
share::share_state state_of(const share::answer& read);

}  // namespace weir::sim::shares
