#pragma once
// What consumers of the classic protocol put into its bytes (ConsumerProtocolSubscription and
// ConsumerProtocolAssignment, versions 0 to 3): a group of the consumer protocol reads and writes
// it for its classic members.
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/text.h"
#include "core/codec/codec_error.h"

namespace weir::group {

using named_partitions = std::map<text, std::vector<std::int32_t>>;

struct embedded_subscription {
  std::int16_t version = 0;  // as it was written; what is beyond 3 is read as 3
  std::set<text> topics;
  named_partitions owned;  // since version 1
  std::optional<text> rack_id;
};

struct embedded_assignment {
  named_partitions partitions;
  bool has_user_data = false;
};

// Texts are shares of `from`.
std::expected<embedded_subscription, kafka::codec_error> subscription_from(const bytes& from);
std::expected<embedded_assignment, kafka::codec_error> assignment_from(const bytes& from);
bytes assignment_bytes(const named_partitions& partitions, std::int16_t version);

}  // namespace weir::group
