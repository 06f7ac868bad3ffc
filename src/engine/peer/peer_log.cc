#include "engine/peer/peer_log.h"

namespace weir::peer {

seastar::logger peer_log("peer");

}  // namespace weir::peer
