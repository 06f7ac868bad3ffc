#pragma once
#include <seastar/core/future.hh>
#include <seastar/core/lowres_clock.hh>

#include "engine/replica/replica.h"

namespace weir::edge {

// On `r`'s shard, and while it is in use. A producer with acks=1 is answered before its batch is
// committed, and may see at once what it wrote all the same, as it may in Kafka, whose lone replica
// commits as it appends. Returns when everything that is in the log now is committed, or at
// `deadline`, or when that can't be any more: what is there is to be looked at next.
seastar::future<> await_commit(replica& r, seastar::lowres_clock::time_point deadline);

}  // namespace weir::edge
