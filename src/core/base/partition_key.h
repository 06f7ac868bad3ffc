#pragma once
// Which partition: of the topic with this id, not of whatever has its name later.
#include <cstdint>
#include <utility>

#include "core/base/uuid.h"

namespace weir {

struct partition_key {
  uuid topic_id;
  std::int32_t partition = 0;
  bool operator==(const partition_key&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const partition_key& k) {
    return H::combine(std::move(h), k.topic_id, k.partition);
  }
};

}  // namespace weir
