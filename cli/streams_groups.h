// Questions about groups of Kafka Streams (KIP-1071) as plain data.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/typed_groups.h"

namespace weir::cli {

inline constexpr auto streams_type = "streams";

class streams_groups : public typed_groups {
 public:
  // `c` is connected, and outlives it.
  explicit streams_groups(client& c);

  // Those of `names` that are streams groups.
  std::map<std::string, group_state> describe(const std::vector<std::string>& names);
};

}  // namespace weir::cli
