#include "core/log/compaction_plan.h"

#include <catch2/catch_all.hpp>

#include "core/log/byte_rate.h"

namespace weir::log {
namespace {

constexpr timestamp now{1'000'000};

// Ten offsets and 1,000 bytes of frames each, appended a second apart; the last one is active.
segment_list segments(std::size_t count) {
  segment_list all;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    const timestamp at = now - (static_cast<std::int64_t>(count) - n) * 1000;
    all.push_back({.first_index = log_index(i * 10 + 1),
                   .next_index = log_index(i * 10 + 11),
                   .first_offset = offset(n * 10),
                   .next_offset = offset(n * 10 + 10),
                   .size = segment_header_size + 1000,
                   .created = at,
                   .first_append_time = at,
                   .max_append_time = at + 500,
                   .max_timestamp = at});
  }
  return all;
}

struct planning {
  segment_list list = segments(6);
  compaction_rules rules{.enabled = true};
  compaction_bounds bounds{.committed = log_index(1000), .stable = offset(1000)};
  offset first_dirty{0};
  offset start{0};
  std::size_t closed = 5;
  [[nodiscard]] compaction_plan operator()() const {
    return plan_compaction(
        {.segments = list, .closed = closed, .first_dirty = first_dirty, .start_offset = start},
        rules, bounds, now);
  }
};

TEST_CASE("closed segments are compacted when enough of them is dirty") {
  planning p;
  auto plan = p();
  CHECK(plan.end == 5);
  CHECK(plan.dirty == 0);
  CHECK(plan.dirty_bytes == 5000);
  CHECK(plan.dirty_ratio() == 1);
  CHECK(plan.due);
  p.first_dirty = offset(30);
  plan = p();
  CHECK(plan.dirty == 3);
  CHECK(plan.dirty_from == offset(30));
  CHECK(plan.clean_bytes == 3000);
  CHECK(plan.dirty_ratio() == 0.4);
  CHECK_FALSE(plan.due);
  p.rules.dirty_ratio_min = 0.39;
  CHECK(p().due);
  p.rules.dirty_ratio_min = 0.4;  // more than it, as Kafka has it
  CHECK_FALSE(p().due);
  // A segment of which a part is clean counts as dirty.
  p.first_dirty = offset(29);
  CHECK(p().dirty == 2);
  CHECK(p().due);
  // Nothing is dirty: never.
  p.first_dirty = offset(50);
  p.rules.dirty_ratio_min = 0;
  CHECK_FALSE(p().due);
  CHECK(p().dirty == 5);
}

TEST_CASE("nothing where compaction is off, nor in an empty log") {
  planning p;
  p.rules.enabled = false;
  CHECK(p().end == 0);
  CHECK_FALSE(p().due);
  p.rules.enabled = true;
  p.list = {};
  CHECK_FALSE(p().due);
  p.list = segments(1);
  p.closed = 0;
  CHECK(p().end == 0);
}

TEST_CASE("not behind the commit, the last stable offset, or what is whole on the device") {
  planning p;
  p.bounds.committed = log_index(30);
  CHECK(p().end == 3);
  p.bounds.committed = log_index(29);
  CHECK(p().end == 2);
  p.bounds = {.committed = log_index(1000), .stable = offset(40)};
  CHECK(p().end == 4);
  p.bounds.stable = offset(39);
  CHECK(p().end == 3);
  p.closed = 1;
  CHECK(p().end == 1);
  // Never the active one.
  p = {};
  p.closed = 6;
  CHECK(p().end == 5);
}

TEST_CASE("deleted records are not dirty") {
  planning p;
  p.start = offset(30);
  CHECK(p().dirty == 3);
  CHECK(p().dirty_from == offset(30));
}

TEST_CASE("lags") {
  planning p;
  p.rules.lag_ms_min = 3'000;  // of the dirty segments the last two are younger
  CHECK(p().end == 3);
  p.first_dirty = offset(50);  // what is clean may be compacted again whatever its age
  CHECK(p().end == 5);
  p = {};
  p.first_dirty = offset(40);
  CHECK_FALSE(p().due);
  p.rules.lag_ms_max = 1'999;
  CHECK(p().late);
  CHECK(p().due);
  CHECK_FALSE(p().roll_active);
  p.rules.lag_ms_max = 2'000;
  CHECK_FALSE(p().late);
  p.rules.lag_ms_max = 999;
  CHECK(p().roll_active);
  p.rules.lag_ms_max = INT64_MAX;
  CHECK_FALSE(p().roll_active);
}

TEST_CASE("segments join one file up to its size") {
  const auto list = segments(3);
  CHECK(joins_file(list[1], log_index(1), 5000, 6000));
  CHECK_FALSE(joins_file(list[1], log_index(1), 5001, 6000));
  auto far = list[1];
  far.next_index = log_index(1) + UINT32_MAX;
  CHECK(joins_file(far, log_index(1), 5000, 6000));
  ++far.next_index;
  CHECK_FALSE(joins_file(far, log_index(1), 5000, 6000));
}

TEST_CASE("segments are replaced by one that covers what they did") {
  auto list = segments(5);
  auto by = list[1];
  by.next_index = list[3].next_index;
  by.next_offset = list[3].next_offset;
  by.size = segment_header_size + 10;
  list.replace(1, 3, by);
  CHECK(list.size() == 3);
  CHECK(list.find(offset(25)) == 1);
  CHECK(list.find(log_index(40)) == 1);
  CHECK(list.find(offset(40)) == 2);
  CHECK(list.total_size() == 3 * segment_header_size + 2010);
}

TEST_CASE("bytes are paced") {
  using namespace std::chrono_literals;
  byte_rate rate;
  CHECK(rate.spend(1 << 30, 1s, byte_rate::unlimited) == 0ns);
  CHECK(rate.spend(1'000'000, 10s, 10'000'000) == 0ns);  // a tenth of a second is free
  CHECK(rate.spend(1'000'000, 10s, 10'000'000) == 100ms);
  CHECK(rate.spend(500'000, 10s, 10'000'000) == 150ms);
  CHECK(rate.spend(500'000, 10s + 200ms, 10'000'000) == 0ns);
  CHECK(rate.spend(0, 11s, 1) == 0ns);
  CHECK(rate.spend(UINT64_MAX, 20s, 0) <= 1h);
}

}  // namespace
}  // namespace weir::log
