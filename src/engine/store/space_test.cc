// A device without room, and what the store does before, meanwhile and after.
#include <seastar/util/later.hh>

#include "engine/store/file_remover.h"
#include "engine/store/kept_log_test.h"

namespace weir::store {
namespace {

struct world : machine, kept_log {
  explicit world(std::uint64_t seed) : machine(seed), kept_log(*this, 0) {}

  seastar::future<> turns(int count = 200) {
    while (count-- > 0) co_await seastar::yield();
  }
  seastar::future<> room_again() {
    files.faults.capacity = UINT64_MAX;
    shared.space.found(log::space_level::roomy, UINT64_MAX, true);
    shared.space.retry();
    co_await log->wait_durable(log->last_index());
  }
  seastar::future<> crash_and_open(std::uint64_t segment_bytes) {
    files.crash();
    co_await log->stop();
    log.reset();
    files.power_on();
    co_await open(segment_bytes);
  }
};

SEASTAR_TEST_CASE(a_full_device_fails_nothing_and_all_goes_on_when_there_is_room) {
  world w(1);
  co_await w.open(64 * 1024);
  w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  w.files.faults.capacity = w.files.used();
  // What is preallocated is used up, then there is no more.
  while (!w.log->waits_for_space()) {
    w.append_one(9000);
    co_await w.turns();
  }
  BOOST_REQUIRE(!w.log->failed());
  BOOST_REQUIRE(!w.log->takes_data());
  BOOST_REQUIRE(w.shared.space.level() == log::space_level::full);
  BOOST_REQUIRE_EQUAL(w.shared.space.waiting(), 1u);
  BOOST_REQUIRE(w.log->durable_index() < w.log->last_index());
  co_await w.log->wait_room();  // who comes is refused, not kept waiting
  co_await w.check_equal();     // readers go on
  co_await w.room_again();
  BOOST_REQUIRE(w.log->takes_data());
  BOOST_REQUIRE_EQUAL(w.shared.space.waiting(), 0u);
  co_await w.crash_and_open(64 * 1024);
  BOOST_REQUIRE_EQUAL(static_cast<std::size_t>(w.log->next_offset().value()), w.bodies.size());
  co_await w.check_equal();
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(the_last_space_is_used_before_anybody_is_refused) {
  world w(2);
  co_await w.open(1 << 20);
  w.append_one(10);
  co_await w.log->wait_durable(w.log->last_index());
  // Much less than what is preallocated at a time, which is used up first.
  w.files.faults.capacity = w.files.used() + 40'000;
  std::uint64_t taken = 0;
  while (!w.log->waits_for_space()) {
    w.append_one(9000);
    taken += 9000;
    co_await w.turns();
  }
  BOOST_REQUIRE_GE(w.files.used() + 9000 + 2 * block_size, w.files.faults.capacity);
  BOOST_REQUIRE_GT(taken, 40'000u);
  co_await w.room_again();
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(a_full_device_frees_whole_segments_without_a_checkpoint) {
  world w(3);
  co_await w.open(16 * 1024);
  for (int i = 0; i < 100; ++i) w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  w.files.faults.capacity = w.files.used();
  w.files.faults.no_space_of(file_call::create) = 1;  // not a block for a new file
  const auto before = w.files.used();
  BOOST_REQUIRE_THROW(
      co_await w.log->enforce_retention({.bytes = 30'000, .ms = -1}, w.log->last_index()),
      no_space);
  BOOST_REQUIRE_LT(w.files.used() + 40'000, before);
  const auto start = w.log->start_offset();
  BOOST_REQUIRE_GT(start.value(), 50);
  co_await w.crash_and_open(16 * 1024);
  BOOST_REQUIRE_EQUAL(w.log->start_offset().value(), start.value());
  co_await w.check_equal();
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(stopping_a_log_that_waits_for_room_promises_nothing) {
  world w(4);
  co_await w.open(64 * 1024);
  w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  w.files.faults.capacity = w.files.used();
  w.append_one(300'000);  // more than what is preallocated
  co_await w.turns();
  BOOST_REQUIRE(w.log->waits_for_space());
  co_await w.log->stop();
  w.log.reset();
  w.files.faults = {};
  BOOST_REQUIRE_EQUAL(w.shared.dirty, 0u);
  co_await w.open(64 * 1024);
  BOOST_REQUIRE_EQUAL(w.log->next_offset().value(), 1);
  w.bodies.resize(1);
  co_await w.check_equal();
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(a_flush_without_room_still_closes_the_log) {
  world w(5);
  co_await w.open(64 * 1024);
  w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  w.files.faults.error_of(file_call::flush) = 1;
  w.append_one(1000);
  BOOST_REQUIRE_THROW(co_await w.log->wait_durable(w.log->last_index()), std::system_error);
  BOOST_REQUIRE(w.log->failed());
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(data_waits_while_only_the_reserve_is_left) {
  world w(6);
  co_await w.open(64 * 1024);
  w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  w.files.faults.capacity = w.files.used();
  w.append_one(300'000);  // more than what is preallocated
  co_await w.turns();
  w.files.faults = {};
  w.shared.space.found(log::space_level::full, 0, false);
  w.shared.space.retry();
  co_await w.turns();
  BOOST_REQUIRE(w.log->waits_for_space());
  co_await w.room_again();
  co_await w.log->stop();
}

SEASTAR_TEST_CASE(headroom_ends_and_asks_for_a_look) {
  space_gate gate;
  int looks = 0;
  gate.on_wanted_look([&] { ++looks; });
  gate.found(log::space_level::roomy, 100, true);
  gate.took(99);
  BOOST_REQUIRE(gate.takes_data());
  gate.took(1);
  gate.took(50);
  BOOST_REQUIRE(!gate.takes_data());
  BOOST_REQUIRE_EQUAL(looks, 1);
  gate.found(log::space_level::roomy, 100, true);
  BOOST_REQUIRE(gate.takes_data());
  gate.found(log::space_level::low, 100, true);
  BOOST_REQUIRE(!gate.takes_data());
  co_return;
}

SEASTAR_TEST_CASE(files_are_taken_away_in_steps) {
  fault_files files(1);
  co_await files.make_directories("/d/t/0");
  constexpr std::uint64_t step = 10 * block_size;
  file_remover remover(files, step);
  remover.hurry(true);
  for (const auto* path : {"/d/a.deleted", "/d/t/0/b", "/d/t/0/c"}) {
    auto f = co_await files.create(path);
    co_await f->preallocate(0, 3 * step + block_size);
    co_await f->close();
  }
  const auto before = files.calls();
  remover.remove("/d/a.deleted");
  while (remover.waiting() > 0) co_await seastar::yield();
  BOOST_REQUIRE_EQUAL(files.calls() - before, 4u);  // three steps, and the rest
  BOOST_REQUIRE(!co_await files.exists("/d/a.deleted"));
  co_await remover.remove_topic("/d/t");
  BOOST_REQUIRE(!co_await files.exists("/d/t"));
  BOOST_REQUIRE_EQUAL(files.used(), 0u);
  co_await remover.stop();
}

SEASTAR_TEST_CASE(deleted_segments_wait_for_the_remover_and_are_found_again) {
  world w(7);
  std::optional<file_remover> remover;
  remover.emplace(w.files);
  w.shared.remover = &*remover;
  co_await w.open(16 * 1024);
  for (int i = 0; i < 100; ++i) w.append_one(1000);
  co_await w.log->wait_durable(w.log->last_index());
  co_await remover->stop();  // before it has done anything
  co_await w.log->enforce_retention({.bytes = 30'000, .ms = -1}, w.log->last_index());
  const auto waiting = [&] {
    return std::ranges::count_if(w.files.files(),
                                 [](const auto& f) { return f.ends_with(deleted_suffix); });
  };
  BOOST_REQUIRE_GT(waiting(), 3);
  co_await w.log->stop();
  w.log.reset();
  remover.reset();
  remover.emplace(w.files);
  co_await w.open(16 * 1024);
  while (remover->waiting() > 0) co_await seastar::yield();
  BOOST_REQUIRE_EQUAL(waiting(), 0);
  co_await w.check_equal();
  co_await w.log->stop();
  co_await remover->stop();
}

}  // namespace
}  // namespace weir::store
