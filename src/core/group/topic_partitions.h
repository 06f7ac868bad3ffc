#pragma once
// Partitions of topics, as members of consumer and share groups have them.
#include "core/group/partition_set.h"

namespace weir::group {

using topic_partitions = partition_set<partition_key>;
using owned_partitions = owned_set<partition_key>;

}  // namespace weir::group
