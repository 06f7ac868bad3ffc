// How far share groups are, for people and for programs.
#pragma once

#include "cli/share_groups.h"

namespace weir::cli {

struct share_row {
  topic_partition of;
  std::int64_t start = -1;           // -1: nobody has begun to read
  std::int64_t end = -1;             // -1: not known
  std::int64_t lag = -1;             // the same
  std::vector<std::string> members;  // that have the partition
};

// Everything that the group has, or a member of it.
std::vector<share_row> share_rows(client& c, share_groups& shared, const group_state& g);
std::int64_t lag_of(const std::vector<share_row>& rows);

json to_json(const std::vector<share_row>& rows);
// Its members are above; or it has none to tell.
std::string places_text(const std::vector<share_row>& rows);
// With the members of each.
std::string lag_text(const std::vector<share_row>& rows);

}  // namespace weir::cli
