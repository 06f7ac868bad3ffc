#pragma once
#include <cstdint>

#include "core/base/text.h"
#include "core/group/topic_partitions.h"

namespace weir::group {

// What the shell is to ask the share coordinators for (InitializeShareGroupState), once what was
// stored with it is committed.
struct share_initialization {
  text group_id;
  std::int32_t state_epoch = 0;
  topic_partitions partitions;
};

}  // namespace weir::group
