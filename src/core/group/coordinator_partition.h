#pragma once
// Which partition of its topic a coordinator's name belongs to: Kafka's rule, so that its tools and
// clients that work it out themselves agree.
#include <cstdint>
#include <string_view>

namespace weir::group {

// Java's String.hashCode: over the UTF-16 units of the name. Bytes that are no UTF-8 count as
// U+FFFD, which is what Java reads in their place.
std::int32_t java_hash(std::string_view name);

// `partitions` is at least 1.
std::int32_t coordinator_partition(std::string_view name, std::int32_t partitions);

}  // namespace weir::group
