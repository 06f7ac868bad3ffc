// Questions about share groups (KIP-932), which librdkafka has no functions for, as plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/broker_calls.h"
#include "cli/group_admin.h"

namespace weir::cli {

inline constexpr auto share_type = "share";

struct share_place {
  std::int64_t start = -1;  // the first record that is not done; -1: nobody has begun to read
  std::int64_t lag = -1;    // records behind the start that are not done; -1: not known
};
using share_places = std::map<topic_partition, share_place>;

class share_groups {
 public:
  // `c` is connected, and outlives it.
  explicit share_groups(client& c);

  // Why they can't be asked about, where that is so; a cluster that knows none is no reason.
  const std::string& hindrance() const { return hindrance_; }

  // Sorted by name.
  std::vector<group_entry> list();
  // Those of `names` that are share groups.
  std::map<std::string, group_state> describe(const std::vector<std::string>& names);
  bool is_one(const std::string& group) { return !describe({group}).empty(); }
  // Of all partitions that the group has.
  share_places places(const std::string& group);
  void alter(const std::string& group, const std::map<topic_partition, std::int64_t>& to);

 private:
  broker_calls calls_;
  std::string hindrance_;
  bool served_ = false;
};

// Groups of all kinds, in the order of `names`; throws the failure of the first one that can't be
// described.
std::vector<group_state> describe_all_groups(client& c, share_groups& shared,
                                             const std::vector<std::string>& names);

}  // namespace weir::cli
