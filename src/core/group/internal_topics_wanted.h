#pragma once
#include <vector>

#include "core/base/text.h"
#include "core/group/streams_topology.h"

namespace weir::group {

// Topics that the shell is to make for a streams group, once what was stored with it is committed.
struct internal_topics_wanted {
  text group_id;
  std::vector<internal_topic> topics;  // with their partition counts
};

}  // namespace weir::group
