#pragma once
// What consensus knows of a log: heads of entries, where terms begin, the vote. Never record bytes.
//
// Invariant: an entry's index and term name its content (log matching, section 3.5): two logs that
// have the same pair have the same entries up to there.
#include <cstdint>

#include "core/base/ids.h"

namespace weir::raft {

enum class entry_kind : std::uint8_t {
  data,           // the proposer's: a record batch, a catalog command
  term_start,     // a new leader's first entry (section 3.6.2: it commits what older terms left)
  configuration,  // the members of the group
};

// Offsets are Kafka's: Raft's own entries take none. Consensus carries them and never looks.
struct entry_head {
  weir::term term;
  log_index index;
  offset first_offset{};
  std::uint32_t offset_count = 0;
  std::uint32_t size = 0;  // bytes of the body
  entry_kind kind = entry_kind::data;
  bool operator==(const entry_head&) const = default;
};

// A place in a log. Ordered as section 3.6.1 compares logs: the later term, then the longer log.
struct entry_id {
  weir::term term;
  log_index index;
  auto operator<=>(const entry_id&) const = default;
};

struct vote {
  weir::term term;
  node_id voted_for{-1};  // -1: nobody yet in this term
  auto operator<=>(const vote&) const = default;
};

inline constexpr node_id nobody{-1};

}  // namespace weir::raft
