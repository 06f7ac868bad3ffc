#pragma once
// A member of a group of the consumer protocol, as the log keeps it (KIP-848).
#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/group/topic_partitions.h"

namespace weir::group {

// Epochs of a request or a member that are no epochs.
inline constexpr std::int32_t joining_epoch = 0;
inline constexpr std::int32_t leaving_epoch = -1;
inline constexpr std::int32_t static_leaving_epoch = -2;  // it will come back

// Where a member is on its way from what it has to what it is meant to have. The numbers are those
// of the records.
enum class member_state : std::int8_t {
  stable = 0,                // has all it is meant to have
  unrevoked_partitions = 1,  // has something to give up first, in the old epoch
  unreleased_partitions = 2  // gave up what it had to; waits for others to give up what it gets
};

// A member that speaks the classic protocol inside a group of the new one.
struct classic_protocol {
  text name;
  bytes metadata;
  bool operator==(const classic_protocol&) const = default;
};
struct classic_member {
  std::int32_t session_timeout_ms = 0;
  std::vector<classic_protocol> protocols;
  bool operator==(const classic_member&) const = default;

  [[nodiscard]] bool offers(const text& name) const {
    return std::ranges::any_of(protocols, [&](const auto& p) { return p.name == name; });
  }
};

// What a member says of itself.
struct member_metadata {
  std::optional<text> instance_id;
  std::optional<text> rack_id;
  text client_id;
  text client_host;
  std::set<text> topic_names;  // subscribed to
  text topic_regex;            // empty: none
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<text> server_assignor;
  std::optional<classic_member> classic;  // null: it speaks the consumer protocol
  bool operator==(const member_metadata&) const = default;
};

// What a member has. A partition that somebody is to give up is his until he said that he did:
// nobody else has it in either of the two sets.
template <typename Key>
struct member_assignment {
  std::int32_t epoch = 0;
  std::int32_t previous_epoch = -1;  // a member that missed the answer comes with this one
  member_state state = member_state::stable;
  owned_set<Key> assigned;
  owned_set<Key> revoking;
  bool operator==(const member_assignment&) const = default;
};
using current_assignment = member_assignment<partition_key>;

}  // namespace weir::group
