// Truncation, deletion and retention where they once went wrong.
#include <seastar/util/later.hh>

#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

struct world : machine, kept_log {
  explicit world(std::uint64_t seed) : machine(seed), kept_log(*this, 0) {}

  seastar::future<> fill(int count, std::size_t size = 1000) {
    for (int i = 0; i < count; ++i) append_one(size);
    co_await log->wait_durable(log->last_index());
  }
  seastar::future<> reopen(bool crash, std::uint64_t segment_bytes = 16 * 1024) {
    if (crash) files.crash();
    co_await log->stop();
    log.reset();
    files.power_on();
    co_await open(segment_bytes);
  }
};

// Once: retention rolled the active segment, deleted the old one, and nothing on the device said
// where the log goes on. The next start began at offset 0.
SEASTAR_TEST_CASE(a_log_whose_records_all_expired_goes_on_where_it_was) {
  for (const bool crash : {false, true}) {
    world w(21);
    co_await w.open(16 * 1024);
    co_await w.fill(30);
    w.clock += 10'000;
    const log::retention_rules rules{.bytes = -1, .ms = 1000};
    co_await w.log->enforce_retention(rules, w.log->last_index());
    co_await w.log->enforce_retention(rules, w.log->last_index());
    BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), 30);
    co_await w.reopen(crash);
    BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), 30);
    BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 30);
    BOOST_REQUIRE_EQUAL(w.log->last_index().value(), 30u);
    co_await w.fill(3);
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

// Once: the index, the producers and the checkpoint that an orderly stop had left said how far the
// segment reached before it was cut, and the next start believed them.
SEASTAR_TEST_CASE(what_spares_a_scan_does_not_outlive_a_truncation) {
  for (const std::uint64_t seed : {31, 32, 33, 34, 35, 36, 37, 38}) {
    world w(seed);
    co_await w.open(1 << 20);
    co_await w.fill(60, 3000);
    co_await w.reopen(false, 1 << 20);
    co_await w.log->truncate_after(log_index(10));
    w.bodies.resize(10);
    co_await w.fill(70, 2500);
    w.append_one(20'000);
    co_await seastar::yield();
    co_await w.reopen(true, 1 << 20);
    BOOST_REQUIRE_GE(w.log->last_index().value(), 80u);
    w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

// Once: a crash may leave any of several deleted segments behind, and a gap looked like damage.
SEASTAR_TEST_CASE(a_deletion_that_was_cut_short_leaves_no_gap) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    world w(seed);
    co_await w.open(16 * 1024);
    co_await w.fill(100);
    w.files.faults.error_of(file_call::sync_directory) = 0;
    // The checkpoint is a rename and a sync; then segments go one by one, and the power with them.
    w.files.faults.crash_at = w.files.calls() + 9 + seed % 10;
    try {
      (void)co_await w.log->delete_below(offset(95), w.log->next_offset(), w.log->last_index());
    } catch (const std::system_error&) {
    }
    co_await w.reopen(true);
    BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 100);
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

// Once: the start of the log was taken for the place where its first term began, and entries of it
// that lie before the start ended the next start of the process.
SEASTAR_TEST_CASE(a_start_inside_a_segment_is_no_start_of_a_term) {
  world w(25);
  co_await w.open(1 << 20);
  co_await w.fill(30);
  (void)co_await w.log->delete_below(offset(20), w.log->next_offset(), w.log->last_index());
  co_await w.reopen(false, 1 << 20);  // the terms are written
  co_await w.files.remove(w.directory + "/00000000000000000001.idx");
  co_await w.reopen(true, 1 << 20);  // and every entry is read
  BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), 20);
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 30);
  co_await w.check_equal();
  co_await w.log->stop();
}

// Once: a flush that waited while a truncation failed wrote from a place behind the log's end, and
// the shard's journal waited for ever for room for four gigabytes.
SEASTAR_TEST_CASE(nothing_is_written_after_a_truncation_failed) {
  machine m(26);
  journal small(m.files, "/data/journal", 0, 1 << 20, [&m] { return m.random(); });
  m.shared.small_writes = &small;
  kept_log l(m, 0);
  co_await l.open(1 << 20);
  for (int i = 0; i < 40; ++i) l.append_one(1000);
  co_await l.log->wait_durable(l.log->last_index());
  m.files.faults.error_of(file_call::truncate) = 1;
  auto cut = l.log->truncate_after(log_index(5));
  l.append_one(10);
  const bool refused = co_await fails(std::move(cut));
  BOOST_REQUIRE(refused);
  for (int i = 0; i < 100; ++i) co_await seastar::yield();
  BOOST_REQUIRE(l.log->failed());
  m.files.faults = {};
  co_await l.log->stop();
  co_await small.stop();
}

// Once: of a cut that the power ended, zeros were left with frames behind them, or a gap between
// segments. Now it has happened or it has not.
SEASTAR_TEST_CASE(a_truncation_that_was_cut_short_is_done_again) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    bool done = false;
    for (std::uint64_t call = 1; !done; ++call) {
      world w(seed * 1000 + call);
      co_await w.open(16 * 1024);
      co_await w.fill(50, 700);
      w.files.faults.crash_at = w.files.calls() + call;
      done = !co_await fails(w.log->truncate_after(log_index(18)));
      w.files.faults.crash_at = 0;
      co_await w.reopen(true);
      const auto last = w.log->last_index();
      BOOST_REQUIRE(last == log_index(18) || (!done && last == log_index(50)));
      BOOST_REQUIRE(!co_await w.files.exists(w.directory + "/cut"));
      w.bodies.resize(static_cast<std::size_t>(last.value()));
      co_await w.check_equal();
      co_await w.log->stop();
    }
  }
}

// Once: between a flush that failed and the log's saying so, whoever waited to change the files
// flushed again, with success, and what the first one had lost was taken for durable.
SEASTAR_TEST_CASE(nobody_flushes_after_a_flush_that_failed) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    world w(seed);
    co_await w.open(1 << 20);
    co_await w.fill(3);
    w.files.faults.delay_max = 5;
    const auto before = w.files.calls();
    w.files.fail = [before](std::uint64_t call) { return call == before + 2; };  // write, flush
    w.append_one(9000);
    co_await seastar::yield();
    auto cut = w.log->truncate_after(w.log->last_index());
    const bool refused = co_await fails(std::move(cut));
    BOOST_REQUIRE(refused);
    BOOST_REQUIRE(w.log->failed());
    const auto promised = w.log->durable_index();
    co_await w.reopen(true, 1 << 20);
    BOOST_REQUIRE(w.log->last_index() >= promised);
    w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

// Once: a process that was killed between a write and its flush found the bytes at its next start
// and took them for durable.
SEASTAR_TEST_CASE(what_a_killed_process_had_only_written_is_flushed_before_it_counts) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    world w(seed);
    w.files.faults.delay_max = 6;
    co_await w.open(16 * 1024);
    co_await w.fill(5);
    for (int i = 0; i < 5; ++i) w.append_one(3000);
    for (std::uint64_t i = 0; i < seed; ++i) co_await seastar::yield();
    w.files.kill();
    co_await w.reopen(false);
    const auto promised = w.log->durable_index();
    co_await w.reopen(true);
    BOOST_REQUIRE(w.log->last_index() >= promised);
    w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

// A reader that is between two chunks of a segment that goes is told that it is gone.
SEASTAR_TEST_CASE(a_read_that_meets_a_deletion_is_out_of_range) {
  world w(41);
  co_await w.open(1 << 20);
  co_await w.fill(600, 3000);
  w.append_one(10);
  co_await w.reopen(false, 1 << 20);
  w.files.faults.delay_max = 30;
  auto reading = w.log->read(offset(0), {.below = w.log->next_offset(), .bytes = 1 << 20});
  (void)co_await w.log->delete_below(offset(400), w.log->next_offset(), w.log->last_index());
  const auto got = co_await std::move(reading);
  if (got.has_value()) {
    BOOST_REQUIRE(w.expected().starts_with(got->batches.str()));
  } else {
    BOOST_REQUIRE(got.error() == read_fault::out_of_range);
  }
  w.files.faults.delay_max = 0;
  co_await w.log->stop();
}

// A record's own time does not hold a partition for ever, nor delete what came a moment ago.
SEASTAR_TEST_CASE(retention_goes_by_both_times) {
  world w(51);
  co_await w.open(16 * 1024);
  const auto in_order = w.clock;
  w.clock += 1'000'000'000'000;  // record times from the far future, stored now
  w.append_with_time(timestamp(w.clock), timestamp(in_order));
  w.clock = in_order;
  co_await w.fill(40);
  w.clock += 5000;
  co_await w.log->enforce_retention({.bytes = -1, .ms = 1000}, w.log->last_index());
  BOOST_REQUIRE_GT(w.log->start_offset().value(), 0);
  // One record from long ago among those of now: they stay.
  const auto before = w.log->next_offset();
  co_await w.fill(3);
  w.append_with_time(timestamp(3), timestamp(w.clock));
  co_await w.fill(3);
  for (int i = 0; i < 3; ++i)
    co_await w.log->enforce_retention({.bytes = -1, .ms = 1000}, w.log->last_index());
  BOOST_REQUIRE_LE(w.log->start_offset().value(), before.value());
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(one_flood_does_not_keep_another_log_waiting) {
  machine m(61, 8 << 20);
  m.shared.dirty_max = 4 << 20;
  m.shared.dirty_of_one_max = 2 << 20;
  kept_log flood(m, 0);
  kept_log quiet(m, 1);
  co_await flood.open(1 << 20);
  co_await quiet.open(1 << 20);
  bool flooding = true;
  // Outlives its call.
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
  auto pour = [&]() -> seastar::future<> {
    while (flooding) {
      co_await flood.log->wait_room();
      flood.append_one(100'000);
      co_await seastar::yield();
    }
  };
  auto poured = pour();
  m.files.faults.delay_max = 20;
  for (int i = 0; i < 20; ++i) {
    co_await quiet.log->wait_room();
    const auto before = flood.log->durable_index();
    quiet.append_one(100);
    co_await quiet.log->wait_durable(quiet.log->last_index());
    // Meanwhile the flood has got no more than a few rounds of what it may have unwritten.
    BOOST_REQUIRE_LE(flood.log->durable_index().value() - before.value(), 3u * (2 << 20) / 100'000);
  }
  flooding = false;
  co_await std::move(poured);
  BOOST_REQUIRE_GT(flood.log->last_index().value(), 20u);
  for (auto* l : {&flood, &quiet}) co_await l->log->stop();
}

}  // namespace
}  // namespace weir::store
