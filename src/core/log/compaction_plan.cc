#include "core/log/compaction_plan.h"

#include <algorithm>
#include <utility>

namespace weir::log {
namespace {

std::uint64_t frames_size(const segment_facts& s) {
  return s.size - segment_header_size;
}

// Without overflow for an age that nothing reaches.
bool older(timestamp since, timestamp now, std::int64_t age) {
  return since != no_timestamp && now - since > age;
}

}  // namespace

compaction_plan plan_compaction(const compactable& of, const compaction_rules& rules,
                                const compaction_bounds& bounds, timestamp now) {
  const auto& segments = of.segments;
  compaction_plan plan{.dirty_from = std::max(of.first_dirty, of.start_offset)};
  if (!rules.enabled || segments.empty()) return plan;
  const auto& active = segments.active();
  plan.roll_active = !active.empty() && older(active.first_append_time, now, rules.lag_ms_max);
  bool in_dirty = false;
  for (; plan.end < of.closed && plan.end + 1 < segments.size(); ++plan.end) {
    const auto& s = segments[plan.end];
    const bool stored =
        s.next_index.value() <= bounds.committed.value() + 1 && s.next_offset <= bounds.stable;
    const bool dirty = s.next_offset > plan.dirty_from;
    const bool young = s.max_append_time != no_timestamp && rules.lag_ms_min > 0 &&
                       now - s.max_append_time < rules.lag_ms_min;
    if (!stored || (dirty && young)) break;
    if (!dirty) {
      plan.clean_bytes += frames_size(s);
      continue;
    }
    if (!std::exchange(in_dirty, true)) {
      plan.dirty = plan.end;
      plan.late = older(s.first_append_time, now, rules.lag_ms_max);
    }
    plan.dirty_bytes += frames_size(s);
  }
  if (!in_dirty) plan.dirty = plan.end;
  plan.due = plan.dirty_bytes > 0 && (plan.late || plan.dirty_ratio() > rules.dirty_ratio_min);
  return plan;
}

bool joins_file(const segment_facts& next, log_index first_index, std::uint64_t written,
                std::uint64_t segment_bytes) {
  // The file's sparse index counts from its first index in 32 bits.
  return written + frames_size(next) <= segment_bytes &&
         next.next_index - first_index <= UINT32_MAX;
}

}  // namespace weir::log
