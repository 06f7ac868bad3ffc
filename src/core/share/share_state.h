#pragma once
// How far a share group has come in one partition (KIP-932): what its leader there stores, and the
// next leader reads (docs/formats/share-records.md).
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/uuid.h"
#include "core/share/defects.h"

namespace weir::share {

struct share_partition {
  std::string group;
  uuid topic;
  partition_id partition;
  auto operator<=>(const share_partition&) const = default;
};

// Records in one state of delivery. States are the leader's: 0 available, 2 acknowledged, 4
// archived.
struct state_batch {
  offset first;
  offset last;
  std::int8_t delivery_state = 0;
  std::int16_t delivery_count = 0;
  bool operator==(const state_batch&) const = default;
};
using state_batches = std::vector<state_batch>;

struct share_state {
  std::int32_t snapshot_epoch = 0;
  std::int32_t state_epoch = 0;   // raised by the group when it begins anew
  std::int32_t leader_epoch = 0;  // of the leader that last read
  offset start = no_offset;       // everything before is done
  std::int32_t delivery_complete_count = -1;
  timestamp created = no_timestamp;
  timestamp written = no_timestamp;
  state_batches batches{};  // in order, none meets another
  // Those that came since the snapshot: an update holds all of them, so that compaction may drop
  // the updates before it.
  state_batches changed{};
  bool operator==(const share_state&) const = default;
};

// Each record from `start` on in the state that came last to it: what is done, else the one with
// the higher delivery count. Of two that are done the higher count, or of the same count the higher
// state. Order does not matter, nor do repeats; in the result neighbours differ.
//
// What is done stays so whatever the counts: a late write, of records that a leader gave out again
// and again before it was dropped, may have a higher one than the leader after it.
state_batches combine(std::span<const state_batch> some, std::span<const state_batch> others,
                      offset start, const defects& broken = {});

// No batch runs backwards or to the end of all offsets.
bool well_formed(std::span<const state_batch> batches);

}  // namespace weir::share
