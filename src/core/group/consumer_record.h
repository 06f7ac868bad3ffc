#pragma once
// What the log says of a group of the consumer protocol: one alternative for each kind of record.
// Without a value each is a tombstone. Bytes: consumer_record_bytes.h.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include "core/base/text.h"
#include "core/group/consumer_member.h"
#include "core/group/topic_partitions.h"

namespace weir::group {

struct group_epoch {
  std::int32_t epoch = 0;
  std::int64_t metadata_hash =
      0;  // of the topics subscribed to, as the epoch's assignment sees them
  bool operator==(const group_epoch&) const = default;
};
struct target_epoch {
  std::int32_t epoch = 0;
  std::int64_t made_at = 0;  // wall clock
  bool operator==(const target_epoch&) const = default;
};
struct resolved_regex {
  std::set<text> topics;
  std::int64_t version = 0;      // of the topics known when it was resolved
  std::int64_t resolved_at = 0;  // wall clock
  bool operator==(const resolved_regex&) const = default;
};

struct group_record {
  std::optional<group_epoch> value;
};
struct member_record {
  text member_id;
  std::optional<member_metadata> value;
};
struct target_epoch_record {
  std::optional<target_epoch> value;
};
struct target_record {
  text member_id;
  std::optional<topic_partitions> value;
};
struct current_record {
  text member_id;
  std::optional<current_assignment> value;
};
struct regex_record {
  text regex;
  std::optional<resolved_regex> value;
};

using consumer_record = std::variant<group_record, member_record, target_epoch_record,
                                     target_record, current_record, regex_record>;

}  // namespace weir::group
