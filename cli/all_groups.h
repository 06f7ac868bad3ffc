// Groups of every type, whoever knows about them.
#pragma once

#include <string>
#include <vector>

#include "cli/share_groups.h"
#include "cli/streams_groups.h"

namespace weir::cli {

struct all_groups {
  explicit all_groups(client& c) : asking(c), shared(c), streams(c) {}

  // Sorted by name. Of those that can't be asked about a line on standard error says so.
  std::vector<group_entry> list();
  // In the order of `names`; throws the failure of the first one that can't be described.
  std::vector<group_state> describe(const std::vector<std::string>& names);

  client& asking;
  share_groups shared;
  streams_groups streams;
};

}  // namespace weir::cli
