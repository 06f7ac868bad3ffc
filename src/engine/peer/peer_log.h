#pragma once
// The room's logger: one name for all that happens between brokers.
#include <seastar/util/log.hh>

namespace weir::peer {

extern seastar::logger peer_log;

}  // namespace weir::peer
