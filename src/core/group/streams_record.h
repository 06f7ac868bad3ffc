#pragma once
// What the log says of a streams group: one alternative for each kind of record. Without a value
// each is a tombstone. Bytes: streams_record_bytes.h.
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/text.h"
#include "core/group/consumer_member.h"
#include "core/group/consumer_record.h"
#include "core/group/streams_topology.h"
#include "core/group/task.h"

namespace weir::group {

struct streams_epoch {
  std::int32_t epoch = 0;
  std::int64_t metadata_hash = 0;  // of the topics that the topology needs
  // The epoch of the topology that was found able to run; -1: none.
  std::int32_t validated_topology = -1;
  std::vector<std::pair<text, text>> configs;  // that assignments depend on
  bool operator==(const streams_epoch&) const = default;
};

struct streams_endpoint {
  text host;
  std::uint16_t port = 0;
  friend auto operator<=>(const streams_endpoint&, const streams_endpoint&) = default;
  bool operator==(const streams_endpoint&) const = default;
};

// What a member says of itself.
struct streams_metadata {
  std::optional<text> instance_id;  // Kafka 4.3 lets none have one; a later one may
  std::optional<text> rack_id;
  text client_id;
  text client_host;
  std::int32_t rebalance_timeout_ms = -1;
  std::int32_t topology_epoch = 0;
  text process_id;  // members of one process share its state on disk
  std::optional<streams_endpoint> endpoint;
  std::vector<std::pair<text, text>> client_tags;
  bool operator==(const streams_metadata&) const = default;
};

using task_assignment = member_assignment<task>;

struct streams_group_record {
  std::optional<streams_epoch> value;
};
struct streams_member_record {
  text member_id;
  std::optional<streams_metadata> value;
};
struct streams_target_record {
  text member_id;
  std::optional<task_set> value;
};
struct streams_current_record {
  text member_id;
  std::optional<task_assignment> value;
};
struct streams_topology_record {
  std::optional<streams_topology> value;
};

using streams_record =
    std::variant<streams_group_record, streams_member_record, target_epoch_record,
                 streams_target_record, streams_current_record, streams_topology_record>;

}  // namespace weir::group
