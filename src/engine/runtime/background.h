#pragma once
// The scheduling group of work that can wait: it gets a tenth of the shares of what serves clients,
// of the core and of the device, and all that they leave.
#include <seastar/core/future.hh>
#include <seastar/core/scheduling.hh>

namespace weir {

// Made at the first call, for all shards and as long as the process lives. On shard 0; the others
// are told.
seastar::future<seastar::scheduling_group> background_group();

}  // namespace weir
