// What the test device does beside the contract: what a crash leaves, how space ends, what goes
// wrong on its order.
#include "engine/store/fault_files.h"

#include <seastar/core/aligned_buffer.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/when_all.hh>
#include <seastar/testing/test_case.hh>

#include <cstring>
#include <set>
#include <system_error>

namespace weir::store {
namespace {

struct blocks {
  explicit blocks(char value, std::size_t count = 1)
      : size(count * block_size), data(seastar::allocate_aligned_buffer<char>(size, block_size)) {
    std::memset(data.get(), value, size);
  }
  std::size_t size;
  std::unique_ptr<char[], seastar::free_deleter> data;
};

SEASTAR_TEST_CASE(a_crash_keeps_what_was_flushed_and_may_keep_the_rest) {
  std::set<std::string> images;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    fault_files files(seed);
    co_await files.make_directories("/d");
    auto f = co_await files.create("/d/f");
    co_await files.sync_directory("/d");
    const blocks a('a');
    const blocks b('b');
    co_await f->write(0, a.data.get(), a.size);
    co_await f->flush();
    co_await f->write(block_size, b.data.get(), b.size);
    files.crash();
    BOOST_REQUIRE_THROW(co_await f->read(0, a.data.get(), a.size), std::system_error);
    files.power_on();
    const auto image = files.content("/d/f");
    BOOST_REQUIRE(image.substr(0, block_size) == std::string(block_size, 'a'));
    images.insert(image.substr(block_size));
  }
  BOOST_REQUIRE(images.contains(""));                            // lost
  BOOST_REQUIRE(images.contains(std::string(block_size, 'b')));  // kept
  BOOST_REQUIRE_GT(images.size(), 4u);                           // torn
}

SEASTAR_TEST_CASE(a_crash_takes_each_directory_change_back_or_not) {
  std::set<std::vector<std::string>> trees;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    fault_files files(seed);
    co_await files.make_directories("/d");
    for (const auto* name : {"/d/a", "/d/b"}) co_await files.create(name);
    co_await files.sync_directory("/d");
    co_await files.remove("/d/a");
    co_await files.rename("/d/b", "/d/c");
    files.crash();
    files.power_on();
    trees.insert(files.files());
  }
  using tree = std::vector<std::string>;
  const std::set<tree> possible{tree{"/d/a", "/d/b"}, tree{"/d/b"}, tree{"/d/a", "/d/c"},
                                tree{"/d/c"}};
  BOOST_REQUIRE(trees == possible);
}

SEASTAR_TEST_CASE(a_failed_flush_is_not_made_up_for_by_the_next_one) {
  std::set<std::string> images;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    fault_files files(seed);
    co_await files.make_directories("/d");
    auto f = co_await files.create("/d/f");
    co_await files.sync_directory("/d");
    const blocks a('a');
    co_await f->write(0, a.data.get(), a.size);
    files.faults.error_of(file_call::flush) = 1;
    BOOST_REQUIRE_THROW(co_await f->flush(), std::system_error);
    files.faults = {};
    co_await f->flush();
    files.crash();
    files.power_on();
    images.insert(files.content("/d/f"));
  }
  BOOST_REQUIRE(images.contains(""));
}

SEASTAR_TEST_CASE(space_ends_and_comes_back) {
  fault_files files(1);
  files.faults.capacity = 10 * block_size;
  co_await files.make_directories("/d");
  auto f = co_await files.create("/d/f");
  co_await f->preallocate(0, 6 * block_size);
  const blocks many('a', 5);
  co_await f->write(0, many.data.get(), many.size);  // has its blocks already
  BOOST_REQUIRE_EQUAL((co_await files.space("/d")).free, 4 * block_size);
  auto g = co_await files.create("/d/g");
  BOOST_REQUIRE_THROW(co_await g->write(0, many.data.get(), many.size), no_space);
  BOOST_REQUIRE_THROW(co_await g->preallocate(0, 5 * block_size), no_space);
  co_await f->truncate(5 * block_size);
  co_await g->write(0, many.data.get(), many.size);
  BOOST_REQUIRE_EQUAL(files.used(), 10 * block_size);
  co_await files.remove("/d/g");
  BOOST_REQUIRE_EQUAL(files.used(), 10 * block_size);  // it is open
  co_await g->close();
  BOOST_REQUIRE_EQUAL(files.used(), 5 * block_size);
  co_await f->close();
}

SEASTAR_TEST_CASE(calls_end_out_of_order) {
  bool second_first = false;
  for (std::uint64_t seed = 0; seed < 20 && !second_first; ++seed) {
    fault_files files(seed);
    co_await files.make_directories("/d");
    auto f = co_await files.create("/d/f");
    files.faults.delay_max = 9;
    const blocks a('a');
    std::vector<int> ended;
    // Outlives its calls.
    // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines)
    const auto write = [&](int number) -> seastar::future<> {
      co_await f->write(static_cast<std::uint64_t>(number) * block_size, a.data.get(), a.size);
      ended.push_back(number);
    };
    co_await seastar::when_all_succeed(write(0), write(1)).discard_result();
    second_first = ended == std::vector<int>{1, 0};
  }
  BOOST_REQUIRE(second_first);
}

SEASTAR_TEST_CASE(the_power_goes_at_the_call_that_was_named) {
  fault_files files(1);
  co_await files.make_directories("/d");
  auto f = co_await files.create("/d/f");
  const blocks a('a');
  files.faults.crash_at = files.calls() + 2;
  co_await f->write(0, a.data.get(), a.size);
  BOOST_REQUIRE_THROW(co_await f->flush(), std::system_error);
  BOOST_REQUIRE(files.off());
}

SEASTAR_TEST_CASE(a_read_has_a_flipped_bit_and_the_device_has_not) {
  fault_files files(1);
  co_await files.make_directories("/d");
  auto f = co_await files.create("/d/f");
  const blocks a('a');
  co_await f->write(0, a.data.get(), a.size);
  files.faults.flipped_read = 1;
  const blocks got('x');
  BOOST_REQUIRE_EQUAL(co_await f->read(0, got.data.get(), got.size), block_size);
  int bits = 0;
  for (std::size_t i = 0; i < block_size; ++i)
    bits += __builtin_popcount(static_cast<unsigned char>(got.data[i] ^ a.data[i]));
  BOOST_REQUIRE_EQUAL(bits, 1);
  BOOST_REQUIRE(files.content("/d/f") == std::string(block_size, 'a'));
}

}  // namespace
}  // namespace weir::store
