#pragma once
#include <cstdint>

#include "core/base/text.h"
#include "core/group/topic_partitions.h"

namespace weir::group {

// What the shell is to ask the share coordinators for, once what was stored with it is committed.
struct share_initialization {
  text group_id;
  std::int32_t state_epoch = 0;
  topic_partitions partitions;   // InitializeShareGroupState
  topic_partitions forgotten{};  // DeleteShareGroupState: it was not done when it was asked for
};

}  // namespace weir::group
