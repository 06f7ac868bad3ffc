// Questions about groups of consumers, answered as plain data. Of others: share_groups.h,
// streams_groups.h.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/admin.h"

namespace weir::cli {

struct group_entry {
  std::string name;
  std::string state;
  std::string type;  // classic, consumer, share, streams
};

struct stream_task {
  std::string subtopology;
  std::int32_t partition = -1;
  auto operator<=>(const stream_task&) const = default;
};

// Of a streams group.
struct streams_member {
  std::string process;
  std::int32_t epoch = 0;
  std::vector<stream_task> active;
  std::vector<stream_task> standby;
  std::vector<stream_task> target_active;
  std::vector<stream_task> target_standby;
};

struct subtopology {
  std::string id;
  std::vector<std::string> reads;
  std::vector<std::string> repartitions_to;
  std::vector<std::string> changelogs;
};

struct streams_state {
  std::int32_t epoch = 0;
  std::int32_t assignment_epoch = 0;
  std::int32_t topology_epoch = -1;  // -1: it has none
  std::vector<subtopology> subtopologies;
};

struct group_member {
  std::string id;
  std::string instance;  // of static members
  std::string client;
  std::string host;
  std::vector<topic_partition> assigned;
  std::optional<streams_member> streams = {};
};

struct group_state {
  std::string name;
  std::string state;
  std::string type;  // share, streams; empty: of the others, which librdkafka doesn't tell
  std::string assignor;
  std::int32_t coordinator = -1;
  std::vector<group_member> members;
  std::optional<streams_state> streams = {};
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
