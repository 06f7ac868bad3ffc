// The store over a file system that loses, tears and keeps unflushed writes as its seed decides:
// whatever happens, what was durable is there again, in order, byte for byte.
#include <seastar/util/later.hh>

#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

struct world : machine, kept_log {
  explicit world(std::uint64_t seed) : machine(seed), kept_log(*this, 0) {}
};

SEASTAR_TEST_CASE(what_was_appended_is_read_back_after_an_orderly_restart) {
  world w(1);
  co_await w.open();
  for (int i = 0; i < 500; ++i) w.append_one(static_cast<std::size_t>(i) * 7 % 5000);
  co_await w.log->wait_durable(w.log->last_index());
  co_await w.check_equal();
  co_await w.log->stop();
  co_await w.open();
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 500);
  co_await w.check_equal();
  w.append_one(10);
  co_await w.log->wait_durable(w.log->last_index());
  co_await w.check_equal();
  co_await w.log->stop();
}

seastar::future<> crash_run(std::uint64_t seed) {
  world w(seed);
  co_await w.open();
  for (int life = 0; life < 6; ++life) {
    const auto steps = w.random() % 60;
    log_index acknowledged = w.log->durable_index();
    for (std::uint64_t i = 0; i < steps; ++i) {
      w.append_one(w.random() % (w.random() % 8 == 0 ? 40'000 : 2'000));
      if (w.random() % 4 == 0) {
        co_await w.log->wait_durable(w.log->last_index());
        acknowledged = w.log->last_index();
      } else if (w.random() % 3 == 0) {
        co_await seastar::yield();
      }
    }
    acknowledged = std::max(acknowledged, w.log->durable_index());
    w.files.crash();
    co_await w.log->stop();
    w.log.reset();
    w.files.power_on();
    co_await w.open();
    BOOST_REQUIRE_MESSAGE(
        w.log->last_index() >= acknowledged,
        "seed " << seed << ": " << w.log->last_index().value() << " of " << acknowledged.value());
    w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
    co_await w.check_equal();
  }
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(crashes_lose_nothing_that_was_durable) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) co_await crash_run(seed);
}

SEASTAR_TEST_CASE(every_write_point_may_fail_and_the_log_says_so) {
  for (std::uint64_t point = 1; point < 60; ++point) {
    world w(point);
    co_await w.open(16 * 1024);
    w.files.fail = [point](std::uint64_t call) { return call == point; };
    log_index acknowledged{};
    for (int i = 0; i < 40 && !w.log->failed(); ++i) {
      w.append_one(1000);
      const auto index = w.log->last_index();
      try {
        co_await w.log->wait_durable(index);
        acknowledged = index;
      } catch (const std::system_error&) {
        BOOST_REQUIRE(w.log->failed());
      }
    }
    w.files.fail = nullptr;
    w.files.crash();
    co_await w.log->stop();
    w.log.reset();
    w.files.power_on();
    co_await w.open(16 * 1024);
    BOOST_REQUIRE(w.log->last_index() >= acknowledged);
    w.bodies.resize(static_cast<std::size_t>(w.log->next_offset().value()));
    co_await w.check_equal();
    co_await w.log->stop();
  }
}

SEASTAR_TEST_CASE(a_flipped_bit_in_acknowledged_data_is_damage_and_is_not_cut_off) {
  world w(5);
  co_await w.open();
  for (int i = 0; i < 20; ++i) {
    w.append_one(3000);
    co_await w.log->wait_durable(w.log->last_index());
  }
  co_await w.log->stop();
  w.log.reset();
  w.files.power_on();
  w.files.rot(w.directory + "/00000000000000000001.log", 4096 + 10'000);
  co_await w.files.remove(w.directory + "/00000000000000000001.idx");
  BOOST_REQUIRE_EXCEPTION(co_await w.open(), std::runtime_error, [](const auto& e) {
    return std::string(e.what()).find("damaged") != std::string::npos;
  });
}

SEASTAR_TEST_CASE(truncation_and_deletion_survive_restarts) {
  world w(9);
  co_await w.open(16 * 1024);
  for (int i = 0; i < 60; ++i) w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  co_await w.log->truncate_after(log_index(33));
  w.bodies.resize(33);
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 33);
  co_await w.check_equal();
  for (int i = 0; i < 10; ++i) w.append_one(500);
  co_await w.log->wait_durable(w.log->last_index());
  const auto deleted =
      co_await w.log->delete_below(offset(20), w.log->next_offset(), w.log->last_index());
  BOOST_REQUIRE(deleted.has_value());
  BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), 20);
  w.files.crash();
  co_await w.log->stop();
  w.log.reset();
  w.files.power_on();
  co_await w.open(16 * 1024);
  BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), 20);
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 43);
  co_await w.check_equal();
  const auto below =
      co_await w.log->read(offset(19), {.below = w.log->next_offset(), .bytes = 100});
  BOOST_REQUIRE(below.error() == read_fault::out_of_range);
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(times_are_found) {
  world w(11);
  co_await w.open(16 * 1024);
  const auto first = w.clock + 1;
  for (int i = 0; i < 100; ++i) w.append_one(700);
  const auto end = w.log->next_offset();
  for (int i = 0; i < 100; i += 9) {
    const auto found = co_await w.log->find_time(timestamp(first + i), end);
    BOOST_REQUIRE(found.has_value() && found->has_value());
    BOOST_REQUIRE_EQUAL((*found)->offset.value(), i);
  }
  const auto beyond = co_await w.log->find_time(timestamp(first + 1000), end);
  BOOST_REQUIRE(beyond.has_value() && !beyond->has_value());
  const auto latest = co_await w.log->latest_time(end);
  BOOST_REQUIRE_EQUAL((*latest)->offset.value(), 99);
  const auto bounded = co_await w.log->latest_time(offset(50));
  BOOST_REQUIRE_EQUAL((*bounded)->offset.value(), 49);
  co_await w.log->wait_durable(w.log->last_index());
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(the_cache_stays_within_its_budget_and_reads_come_back_from_disk) {
  world w(13);
  co_await w.open(1 << 20);
  for (int i = 0; i < 400; ++i) {
    w.append_one(9000);
    if (i % 20 == 0) co_await w.log->wait_durable(w.log->last_index());
  }
  co_await w.log->wait_durable(w.log->last_index());
  BOOST_REQUIRE_LE(w.cache.used(), machine::small_cache + chunk_size);
  co_await w.check_equal();
  BOOST_REQUIRE_GT(w.cache.figures.misses, 10u);
  BOOST_REQUIRE_LE(w.cache.used(), machine::small_cache + chunk_size);
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(few_files_are_open_however_many_logs_are_used) {
  constexpr std::size_t most = 6;
  machine m(17, machine::small_cache, most);
  std::deque<kept_log> logs;
  for (int i = 0; i < 40; ++i) {
    logs.emplace_back(m, i);
    co_await logs.back().open(16 * 1024);
  }
  for (int round = 0; round < 6; ++round) {
    for (auto& l : logs) {
      for (int i = 0; i < 3; ++i) l.append_one(m.random() % 6000);
      co_await l.log->wait_durable(l.log->last_index());
      BOOST_REQUIRE_LE(m.shared.open.count(), most);
    }
  }
  for (auto& l : logs) {
    co_await l.check_equal();
    BOOST_REQUIRE_LE(m.shared.open.count(), most);
  }
  BOOST_REQUIRE_GT(m.shared.open.opened(), logs.size() * 2);
  for (auto& l : logs) co_await l.log->stop();
  BOOST_REQUIRE_EQUAL(m.shared.open.count(), 0u);
  co_await m.shared.open.stop();
}

}  // namespace
}  // namespace weir::store
