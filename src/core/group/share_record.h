#pragma once
// What the log says of a share group (KIP-932). Members, epochs and assignments are what they are
// in groups of the consumer protocol; in place of regular expressions it says which partitions the
// share coordinators know of. Bytes: share_record_bytes.h.
#include <map>
#include <optional>
#include <variant>

#include "core/group/consumer_record.h"

namespace weir::group {

struct share_topic {
  text name;
  topic_partitions::partition_list partitions;
  bool operator==(const share_topic&) const = default;
};

struct share_partitions {
  std::map<uuid, share_topic> initializing;  // a share coordinator was asked, or will be
  std::map<uuid, share_topic> initialized;   // members may get them
  std::map<uuid, text> deleting;             // names
  bool operator==(const share_partitions&) const = default;
};

struct share_partitions_record {
  std::optional<share_partitions> value;
};

using share_record = std::variant<group_record, member_record, target_epoch_record, target_record,
                                  current_record, share_partitions_record>;

}  // namespace weir::group
