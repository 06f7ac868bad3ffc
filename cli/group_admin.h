// Questions about groups of consumers, answered as plain data. Of share groups: share_groups.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/admin.h"

namespace weir::cli {

struct group_entry {
  std::string name;
  std::string state;
  std::string type;  // classic, consumer, share
};

struct group_member {
  std::string id;
  std::string instance;  // of static members
  std::string client;
  std::string host;
  std::vector<topic_partition> assigned;
};

struct group_state {
  std::string name;
  std::string state;
  std::string type;  // share; empty: of the others, which librdkafka doesn't tell
  std::string assignor;
  std::int32_t coordinator = -1;
  std::vector<group_member> members;
};

struct committed_offset {
  std::int64_t offset = -1;
  std::string metadata;
};
using committed_offsets = std::map<topic_partition, committed_offset>;

// Sorted by name.
std::vector<group_entry> list_groups(client& c);
// In the order of `names`; throws the failure of the first one that can't be described.
std::vector<group_state> describe_groups(client& c, const std::vector<std::string>& names);
// Of all partitions that the group ever committed.
committed_offsets group_offsets(client& c, const std::string& group);
void alter_group_offsets(client& c, const std::string& group,
                         const std::map<topic_partition, std::int64_t>& to);

// The line for what happened to a group.
std::string explain_group(const std::string& group, rd_kafka_resp_err_t code, const char* text);

}  // namespace weir::cli
