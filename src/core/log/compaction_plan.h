#pragma once
// What of a log compaction would do now, worked out from plain facts of its segments
// (docs/decisions/0006). A log's part below the first dirty offset is clean: compaction has been
// there; the dirty part that may be compacted lies between it and the bound.
#include <cstdint>

#include "core/base/ids.h"
#include "core/log/segment_list.h"

namespace weir::log {

struct compaction_rules {
  bool enabled = false;                    // cleanup.policy has compact
  double dirty_ratio_min = 0.5;            // min.cleanable.dirty.ratio
  std::int64_t lag_ms_min = 0;             // min.compaction.lag.ms
  std::int64_t lag_ms_max = INT64_MAX;     // max.compaction.lag.ms
  std::int64_t tombstone_ms = 86'400'000;  // delete.retention.ms
};

// Nothing behind the first two is compacted.
struct compaction_bounds {
  log_index committed{};
  offset stable{};  // the last stable offset
  // All copies have what is up to here: tombstones behind it stay, or one that lags would be left
  // with what they delete.
  log_index everyone{};
};

struct compaction_plan {
  std::size_t end = 0;    // segments [0, end) may be compacted
  std::size_t dirty = 0;  // and of those, the ones from here on have dirty records
  offset dirty_from{};    // the first dirty offset, within the log
  std::uint64_t clean_bytes = 0;
  std::uint64_t dirty_bytes = 0;
  bool late = false;         // something dirty is older than lag_ms_max
  bool due = false;          // a pass should be made
  bool roll_active = false;  // the active segment has something older than lag_ms_max

  // Of what is closed, how much is dirty: 0 to 1.
  [[nodiscard]] double dirty_ratio() const {
    const auto all = clean_bytes + dirty_bytes;
    return all == 0 ? 0 : static_cast<double>(dirty_bytes) / static_cast<double>(all);
  }
};

// What is known of a log.
struct compactable {
  const segment_list& segments;
  std::size_t closed = 0;  // of them, from the first on, whole on the device; never the active one
  offset first_dirty{};    // what the checkpoint says
  offset start_offset{};
};
// Ages are those of the broker's clock at append: a record's own time may be anything.
compaction_plan plan_compaction(const compactable& of, const compaction_rules& rules,
                                const compaction_bounds& bounds, timestamp now);

// Whether `next` goes into the file that is being written for the segments right before it, from
// `first_index` on, `written` bytes long with its header: what it has would fit below
// `segment_bytes` even if nothing of it goes.
bool joins_file(const segment_facts& next, log_index first_index, std::uint64_t written,
                std::uint64_t segment_bytes);

}  // namespace weir::log
