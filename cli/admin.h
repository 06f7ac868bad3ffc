// Questions about the cluster, answered as plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/client.h"

namespace weir::cli {

struct partition_state {
  std::int32_t id = 0;
  std::int32_t leader = -1;  // -1: none at the moment
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> in_sync;
};

struct topic_state {
  std::string name;
  std::string id;  // base64, as Kafka's tools print it; empty when the broker gave none
  bool internal = false;
  std::vector<partition_state> partitions;

  std::size_t replication() const;       // replicas of the first partition
  std::size_t without_leader() const;    // partitions
  std::size_t under_replicated() const;  // partitions with fewer in sync than replicas
};

// All topics' names, sorted.
std::vector<std::string> topic_names(client& c);

// In the order of `names`; throws the failure of the first one that can't be described.
std::vector<topic_state> describe_topics(client& c, const std::vector<std::string>& names);
// Of names that were listed: sorted, without those that were deleted since, or that the broker
// asked now knows to be deleted while the one that listed them did not yet.
std::vector<topic_state> describe_listed(client& c, const std::vector<std::string>& names);
topic_state describe_topic(client& c, const std::string& name);

using topic_partition = std::pair<std::string, std::int32_t>;

struct offset_answer {
  std::int64_t offset = -1;        // -1: no record that fits
  std::int32_t leader_epoch = -1;  // -1: not known
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

// ListOffsets for each partition. `spec` is RD_KAFKA_OFFSET_SPEC_EARLIEST, _LATEST, or milliseconds
// since 1970 for the first record at or after that time. `committed` bounds latest by open
// transactions. Where leadership moves, the new leader is asked; errors are what stays for 5 s.
std::map<topic_partition, offset_answer> list_offsets(client& c,
                                                      const std::vector<topic_partition>& of,
                                                      std::int64_t spec, bool committed = false);

struct config_state {
  std::string name;
  std::string value;   // empty when sensitive
  std::string source;  // topic, broker, cluster, static, default, unknown
  bool is_default = false;
  bool sensitive = false;
  bool read_only = false;
};

// A topic's configs, sorted by name.
std::vector<config_state> describe_configs(client& c, const std::string& topic);

}  // namespace weir::cli
