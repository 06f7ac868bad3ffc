// Questions about share groups (KIP-932) as plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/typed_groups.h"

namespace weir::cli {

inline constexpr auto share_type = "share";

struct share_place {
  std::int64_t start = -1;  // the first record that is not done; -1: nobody has begun to read
  std::int64_t lag = -1;    // records behind the start that are not done; -1: not known
};
using share_places = std::map<topic_partition, share_place>;

class share_groups : public typed_groups {
 public:
  // `c` is connected, and outlives it.
  explicit share_groups(client& c);

  // Those of `names` that are share groups.
  std::map<std::string, group_state> describe(const std::vector<std::string>& names);
  bool is_one(const std::string& group) { return !describe({group}).empty(); }
  // Of all partitions that the group has.
  share_places places(const std::string& group);
  void alter(const std::string& group, const std::map<topic_partition, std::int64_t>& to);
};

}  // namespace weir::cli
