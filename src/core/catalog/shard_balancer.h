#pragma once
// Which copies of a broker should be on other shards of it. Where copies come and go evenly none
// need move: this is for what deleted topics leave behind. A move interrupts its partition, so
// small differences stay.
#include <optional>

#include "core/catalog/state.h"

namespace weir::catalog {

// From the shard with the most to the one with the fewest, at most `moves_max`; nothing where they
// are near enough. Plans end: carried out, they leave less of a difference.
std::optional<stored::shards_moved> plan_shards(const state& s, node_id node,
                                                std::size_t moves_max);

}  // namespace weir::catalog
