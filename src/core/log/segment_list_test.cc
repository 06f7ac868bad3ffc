#include "core/log/segment_list.h"

#include <catch2/catch_all.hpp>

#include "core/log/checkpoint.h"
#include "core/log/term_map.h"

namespace weir::log {
namespace {

// Five segments of ten entries and 100 bytes each; segment i was appended at 1000*(i+1).
segment_list five() {
  segment_list list;
  for (int i = 0; i < 5; ++i) {
    list.push_back({.first_index = log_index(static_cast<std::uint64_t>(1 + 10 * i)),
                    .next_index = log_index(static_cast<std::uint64_t>(11 + 10 * i)),
                    .first_offset = offset(10 * i),
                    .next_offset = offset(10 * i + 10),
                    .size = 100,
                    .created = timestamp(1000 * i),
                    .first_append_time = timestamp(1000 * i),
                    .max_append_time = timestamp(1000 * (i + 1)),
                    .max_timestamp = timestamp(1000 * (i + 1))});
  }
  return list;
}

TEST_CASE("segments are found by index, offset and time") {
  const auto list = five();
  CHECK(list.find(log_index(1)) == 0);
  CHECK(list.find(log_index(10)) == 0);
  CHECK(list.find(log_index(11)) == 1);
  CHECK(list.find(log_index(50)) == 4);
  CHECK(!list.find(log_index(51)));
  CHECK(!list.find(log_index(0)));
  CHECK(list.find(offset(0)) == 0);
  CHECK(list.find(offset(49)) == 4);
  CHECK(!list.find(offset(50)));
  CHECK(list.find(timestamp(1001)) == 1);
  CHECK(!list.find(timestamp(5001)));
  CHECK(list.total_size() == 500);
}

TEST_CASE("rolling by size and by age, never when empty") {
  auto active = five().active();
  CHECK(!roll_due({.segment_bytes = 200}, active, timestamp(4001), 100));
  CHECK(roll_due({.segment_bytes = 200}, active, timestamp(4001), 101));
  CHECK(!roll_due({.segment_ms = 500}, active, timestamp(4499), 1));
  CHECK(roll_due({.segment_ms = 500}, active, timestamp(4500), 0));
  CHECK(roll_due({.segment_ms = 500, .jitter_ms = 100}, active, timestamp(4400), 0));
  active.next_index = active.first_index;
  CHECK(!roll_due({.segment_bytes = 10, .segment_ms = 1}, active, timestamp(99999), 1000));
}

struct retention_case {
  std::string_view what;
  std::int64_t bytes, ms, now, start;
  std::uint64_t committed;
  std::size_t drop;
  bool roll;
};

TEST_CASE("retention") {
  const std::vector<retention_case> cases{
      {"unlimited", -1, -1, 1'000'000, 0, 50, 0, false},
      {"by time", -1, 500, 2501, 0, 50, 2, false},
      {"not yet", -1, 500, 2500, 0, 50, 1, false},
      {"all expired: the active one rolls", -1, 500, 9000, 0, 50, 4, true},
      {"the uncommitted stay", -1, 500, 9000, 0, 25, 2, false},
      {"by size", 250, -1, 0, 0, 50, 2, false},
      {"by size, never below", 500, -1, 0, 0, 50, 0, false},
      {"size 0 leaves the active one", 0, -1, 0, 0, 50, 4, false},
      {"what lies below the start goes", -1, -1, 0, 29, 50, 2, false},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    const auto plan = plan_retention(five(), {.bytes = c.bytes, .ms = c.ms}, timestamp(c.now),
                                     offset(c.start), log_index(c.committed));
    CHECK(plan.drop == c.drop);
    CHECK(plan.roll_active == c.roll);
    CHECK(plan.start_offset ==
          std::max(offset(c.start), offset(10 * static_cast<std::int64_t>(c.drop))));
    CHECK(plan.start_index == log_index(1 + 10 * c.drop));
  }
}

TEST_CASE("a record from the future holds nothing, one from the past goes at once") {
  segment_facts s = five()[0];
  s.max_timestamp = timestamp(1LL << 60);
  CHECK(retention_time(s) == timestamp(1000));
  s.max_timestamp = timestamp(3);
  CHECK(retention_time(s) == timestamp(3));
  s.max_timestamp = no_timestamp;
  CHECK(retention_time(s) == timestamp(1000));
}

TEST_CASE("DeleteRecords") {
  const auto plan = [](std::int64_t before) {
    return plan_delete_records(five(), offset(before), offset(5), offset(45), log_index(45));
  };
  CHECK(plan(-1)->start_offset == offset(45));
  CHECK(plan(-1)->drop == 4);
  CHECK(plan(20)->drop == 2);
  CHECK(plan(19)->drop == 1);
  CHECK(plan(2)->start_offset == offset(5));
  CHECK(plan(46).error() == delete_error::out_of_range);
  CHECK(plan(-2).error() == delete_error::out_of_range);
}

TEST_CASE("terms answer OffsetForLeaderEpoch") {
  term_map terms;
  const auto end = [&](std::uint64_t asked) { return terms.end_of(term(asked), offset(90)); };
  CHECK(!end(1));
  terms.append(term(2), log_index(1), offset(10));
  terms.append(term(2), log_index(2), offset(20));
  terms.append(term(5), log_index(7), offset(40));
  terms.append(term(6), log_index(9), offset(40));
  CHECK(end(1) == term_end{term(1), offset(10)});
  CHECK(end(2) == term_end{term(2), offset(40)});
  CHECK(end(4) == term_end{term(2), offset(40)});
  CHECK(end(5) == term_end{term(5), offset(40)});
  CHECK(end(6) == term_end{term(6), offset(90)});
  CHECK(!end(7));
  CHECK(terms.term_at(offset(39)) == term(2));
  CHECK(terms.term_at(offset(40)) == term(6));
  CHECK(terms.term_at(log_index(8)) == term(5));
  CHECK(!terms.term_at(offset(9)));
  CHECK(term_map::decode(terms.encode()) == terms);
  for (std::size_t i = 0; i < terms.encode().size(); ++i) {
    auto file = terms.encode();
    file[i] = static_cast<char>(file[i] ^ 4);
    REQUIRE(!term_map::decode(file));
  }
  auto cut = terms;
  cut.truncate(log_index(7));
  CHECK(cut.latest() == term(2));
  terms.trim(log_index(8), offset(40));
  CHECK(terms.entries().size() == 2);
  CHECK(terms.find(term(5)) == term_entry{term(5), log_index(8), offset(40)});
}

TEST_CASE("a term that began below deleted records begins where they end") {
  term_map terms;
  terms.append(term(1), log_index(1), offset(0));
  terms.trim(log_index(1), offset(50));
  // After a crash the frames of this segment are scanned again.
  terms.append(term(1), log_index(3), offset(20));
  terms.append(term(2), log_index(4), offset(30));
  CHECK(terms.find(term(1)) == term_entry{term(1), log_index(1), offset(50)});
  CHECK(terms.end_of(term(1), offset(90)) == term_end{term(1), offset(50)});
  CHECK(terms.find(term(2)) == term_entry{term(2), log_index(4), offset(50)});
}

TEST_CASE("a checkpoint comes back, and no change goes unseen") {
  const checkpoint c{.clean = true,
                     .active_salt = 1,
                     .active_first_index = log_index(2),
                     .flushed_through = position(3),
                     .flushed_index = log_index(4),
                     .next_offset = offset(5),
                     .last_term = term(6),
                     .start_index = log_index(7),
                     .start_offset = offset(8),
                     .written = timestamp(9)};
  const auto bytes = encode(c);
  const std::string file(bytes.data(), bytes.size());
  CHECK(decode_checkpoint(file) == c);
  CHECK(decode_checkpoint(file + "padding") == c);
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto changed = file;
    changed[i] = static_cast<char>(changed[i] ^ 2);
    REQUIRE(!decode_checkpoint(changed));
    REQUIRE(!decode_checkpoint(file.substr(0, i)));
  }
}

}  // namespace
}  // namespace weir::log
