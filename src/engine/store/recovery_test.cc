// What a start costs, and that it comes to the same log whatever file beside the segments is gone.
#include "core/base/endian.h"
#include "engine/store/counting_files_test.h"
#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

constexpr std::uint64_t checkpoint_bytes = 128 * 1024;

struct world : machine, kept_log {
  explicit world(std::uint64_t seed) : machine(seed), kept_log(*this, 0), counting(files) {
    shared.checkpoint_bytes = checkpoint_bytes;
  }

  // A log with a segment of this many bytes, and then either a stop or a loss of power.
  seastar::future<> fill(std::uint64_t bytes, bool orderly,
                         std::uint64_t segment_bytes = 64 << 20) {
    co_await open(segment_bytes);
    while (log->size_bytes() < bytes) {
      append_one(4000);
      if (log->last_index().value() % 8 == 0) co_await log->wait_durable(log->last_index());
    }
    co_await log->wait_durable(log->last_index());
    written = log->size_bytes();
    if (!orderly) files.crash();
    co_await log->stop();
    log.reset();
    files.power_on();
  }
  [[nodiscard]] std::string index_of(log_index first) const {
    return directory + "/" + log::index_file_name(first);
  }
  // Opens it counting.
  seastar::future<io_counts> open_counted() {
    counting.counts = {};
    shared_store counted{.files = counting,
                         .cache = cache,
                         .open{counting, 16},
                         .now = shared.now,
                         .random = shared.random,
                         .checkpoint_bytes = checkpoint_bytes};
    auto opened = co_await partition_log::open(
        counted, {.name = "t-0", .topic_id = topic, .partition = partition}, directory, {}, 100);
    const auto counts = counting.counts;
    BOOST_REQUIRE_EQUAL(opened->next_offset().value(), static_cast<std::int64_t>(bodies.size()));
    co_await opened->stop();
    co_return counts;
  }

  // Space taken from the device beforehand, zeros.
  [[nodiscard]] std::uint64_t unused() const {
    return files.content(directory + "/" + log::segment_file_name(log_index(1))).size() - written;
  }

  counting_files counting;
  std::uint64_t written = 0;
};

// The figures of a start after `bytes` were written.
seastar::future<io_counts> start_after(std::uint64_t bytes, bool orderly) {
  world w(3);
  co_await w.fill(bytes, orderly);
  co_return co_await w.open_counted();
}

SEASTAR_TEST_CASE(a_start_after_an_orderly_stop_costs_the_same_whatever_the_log_holds) {
  const auto small = co_await start_after(256 << 10, true);
  const auto large = co_await start_after(8 << 20, true);
  BOOST_TEST_MESSAGE("256 KiB: " << small.calls << " calls, " << small.bytes_read
                                 << " bytes read; 8 MiB: " << large.calls << " calls, "
                                 << large.bytes_read << " bytes read");
  BOOST_REQUIRE_EQUAL(small.calls, large.calls);
  BOOST_REQUIRE_LE(large.calls, 40u);
  BOOST_REQUIRE_LE(large.reads, 8u);
  BOOST_REQUIRE_LE(large.bytes_read, 128u << 10);  // the index file: 40 bytes for 16 KiB
  BOOST_REQUIRE_EQUAL(large.writes, 0u);
}

SEASTAR_TEST_CASE(a_start_after_a_crash_scans_only_what_is_behind_the_last_checkpoint) {
  for (const std::uint64_t bytes : {1 << 20, 8 << 20}) {
    world w(3);
    co_await w.fill(bytes, false);
    const auto zeros = w.unused();
    const auto counts = co_await w.open_counted();
    BOOST_TEST_MESSAGE(bytes << " and " << zeros << " taken beforehand: " << counts.calls
                             << " calls, " << counts.bytes_read << " bytes read");
    // What one flush may have taken at once comes on top, and the blocks at both ends.
    BOOST_REQUIRE_LE(counts.bytes_read, zeros + 3 * checkpoint_bytes);
  }
}

SEASTAR_TEST_CASE(each_file_beside_the_segments_can_be_damaged_and_is_made_again) {
  for (const std::string name : {"checkpoint", "terms", "index", "producers"}) {
    world w(5);
    co_await w.fill(1 << 20, true);
    const auto first = log_index(1);
    const auto path = w.directory + "/" + (name == "index" ? log::index_file_name(first) : name);
    w.files.rot(path, 40);
    const auto damaged = w.files.content(path);
    co_await w.open(64 << 20);
    co_await w.check_equal();
    BOOST_REQUIRE_MESSAGE(w.files.content(path) != damaged, name << " was not made again");
    BOOST_REQUIRE_EQUAL(w.log->terms().entries().size(), 1u);
    co_await w.log->stop();
    w.log.reset();
    const auto again = co_await w.open_counted();
    BOOST_REQUIRE_LE(again.bytes_read, 128u << 10);
  }
}

// 2 MiB of segments of 512 KiB: the first ones are closed.
struct closed_world : world {
  using world::world;
  seastar::future<> fill_closed() { return fill(2 << 20, true, 512 << 10); }
  seastar::future<std::size_t> segments() {
    const auto names = co_await files.list(directory);
    co_return static_cast<std::size_t>(std::ranges::count_if(
        names, [](const auto& name) { return log::parse_segment_file_name(name).has_value(); }));
  }
};

SEASTAR_TEST_CASE(of_a_closed_segment_a_start_reads_the_header_and_the_totals) {
  closed_world few(9);
  co_await few.fill_closed();
  const auto before = co_await few.open_counted();
  closed_world many(9);
  co_await many.fill(6 << 20, true, 512 << 10);
  const auto after = co_await many.open_counted();
  const auto more = co_await many.segments() - co_await few.segments();
  BOOST_REQUIRE_GE(more, 7u);
  BOOST_REQUIRE_LE(after.bytes_read - before.bytes_read, more * 3 * block_size);
}

SEASTAR_TEST_CASE(an_index_that_is_damaged_behind_its_totals_is_made_again_when_it_is_wanted) {
  for (const bool gone : {false, true}) {
    closed_world w(10);
    co_await w.fill_closed();
    co_await w.open(512 << 10);
    const auto path = w.index_of(log_index(1));
    const auto whole = w.files.content(path);
    if (gone) {
      co_await w.files.remove(path);
    } else {
      w.files.rot(path, 8 + 200);
    }
    co_await w.check_equal();
    const auto now = w.files.content(path);
    BOOST_REQUIRE(now == whole);
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(indexes_of_closed_segments_keep_to_their_budget) {
  closed_world w(11);
  co_await w.fill_closed();
  co_await w.open(512 << 10);
  const auto most = w.shared.indexes.bytes();
  BOOST_REQUIRE_EQUAL(most, 0u);
  co_await w.check_equal();
  const auto all = w.shared.indexes.bytes();
  BOOST_REQUIRE_GT(all, 3 * 500u);
  co_await w.log->stop();
  w.log.reset();
  BOOST_REQUIRE_EQUAL(w.shared.indexes.bytes(), 0u);

  w.shared.indexes = index_shelf(all / 2);
  co_await w.open(512 << 10);
  for (int round = 0; round < 2; ++round) {
    co_await w.check_equal();
    BOOST_REQUIRE_LE(w.shared.indexes.bytes(), all / 2);
  }
  co_await w.log->stop();
}

// A side file that says more than its size is damaged like any other.
SEASTAR_TEST_CASE(a_side_file_with_a_wild_size_is_made_again) {
  world w(6);
  co_await w.fill(256 << 10, true);
  const auto path = w.directory + "/" + log::index_file_name(log_index(1));
  w.files.rot(path, 7);
  co_await w.open(64 << 20);
  co_await w.check_equal();
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(terms_of_all_segments_are_known_after_a_restart) {
  world w(7);
  co_await w.open(16 * 1024);
  for (std::uint64_t t = 1; t <= 5; ++t) {
    w.log->append({.kind = log::frame_kind::term_start,
                   .term = term(t),
                   .index = w.log->last_index() + 1,
                   .base_offset = w.log->next_offset(),
                   .append_time = timestamp(w.clock)},
                  {}, nullptr);
    for (int i = 0; i < 8; ++i) w.append_one(3000, term(t));
    co_await w.log->wait_durable(w.log->last_index());
  }
  const auto terms = w.log->terms().entries();
  BOOST_REQUIRE_EQUAL(terms.size(), 5u);
  for (int restart = 0; restart < 2; ++restart) {
    co_await w.log->stop();
    w.log.reset();
    co_await w.open(16 * 1024);
    BOOST_REQUIRE(w.log->terms().entries() == terms);
    BOOST_REQUIRE_EQUAL(w.log->last_term().value(), 5u);
  }
  co_await w.log->stop();
}

// A checkpoint of what was cut off must not be believed of what was written in its place.
SEASTAR_TEST_CASE(a_truncation_outlives_the_checkpoint_before_it) {
  world w(8);
  co_await w.open(64 << 20);
  for (int i = 0; i < 200; ++i) {
    w.append_one(3000);
    if (i % 8 == 0) co_await w.log->wait_durable(w.log->last_index());
  }
  co_await w.log->wait_durable(w.log->last_index());
  co_await w.log->truncate_after(log_index(20));
  w.bodies.resize(20);
  for (int i = 0; i < 40; ++i) w.append_one(700);
  co_await w.log->wait_durable(w.log->last_index());
  w.files.crash();
  co_await w.log->stop();
  w.log.reset();
  w.files.power_on();
  co_await w.open(64 << 20);
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 60);
  co_await w.check_equal();
  co_await w.log->stop();
}

// Checkpoints while a crash may come at any time: the same guarantee as without.
SEASTAR_TEST_CASE(checkpoints_lose_nothing_in_crashes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    world w(seed);
    w.shared.checkpoint_bytes = 8 * 1024;
    co_await w.open(256 * 1024);
    for (int life = 0; life < 5; ++life) {
      log_index acknowledged = w.log->durable_index();
      const auto steps = w.random() % 80;
      for (std::uint64_t i = 0; i < steps; ++i) {
        w.append_one(w.random() % 3000);
        if (w.random() % 3 != 0) continue;
        co_await w.log->wait_durable(w.log->last_index());
        acknowledged = w.log->last_index();
      }
      acknowledged = std::max(acknowledged, w.log->durable_index());
      w.files.crash();
      co_await w.log->stop();
      w.log.reset();
      w.files.power_on();
      co_await w.open(256 * 1024);
      BOOST_REQUIRE_MESSAGE(w.log->last_index() >= acknowledged, "seed " << seed);
      w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
      co_await w.check_equal();
    }
    co_await w.log->stop();
  }
}

}  // namespace
}  // namespace weir::store
