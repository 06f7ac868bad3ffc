#include "engine/cluster/compaction.h"

#include <seastar/core/coroutine.hh>
#include <seastar/testing/test_case.hh>

namespace weir {
namespace {

using namespace std::chrono_literals;

SEASTAR_TEST_CASE(a_partition_whose_passes_fail_waits_longer_each_time) {
  compaction_failures failures;
  const partition_key key{.topic_id = {1, 2}, .partition = 3};
  const partition_key other{.topic_id = {1, 2}, .partition = 4};
  const compaction_failures::time_point start{};
  BOOST_REQUIRE(failures.may_try(key, start));
  std::vector<std::chrono::steady_clock::duration> waits;
  waits.reserve(8);
  for (int i = 0; i < 8; ++i) waits.push_back(failures.failed(key, "damaged", start).wait);
  BOOST_REQUIRE((waits == std::vector<std::chrono::steady_clock::duration>{
                              1min, 2min, 4min, 8min, 16min, 32min, 60min, 60min}));
  BOOST_REQUIRE(!failures.may_try(key, start + 60min - 1s));
  BOOST_REQUIRE(failures.may_try(key, start + 60min));
  BOOST_REQUIRE(failures.may_try(other, start));
  BOOST_REQUIRE_EQUAL(failures.find(key)->why, "damaged");
  // One that succeeds begins anew.
  failures.succeeded(key);
  BOOST_REQUIRE(!failures.find(key));
  BOOST_REQUIRE(failures.failed(key, "again", start).wait == 1min);
  failures.failed(other, "damaged", start);
  failures.keep_only([&](const partition_key& k) { return k == other; });
  BOOST_REQUIRE(!failures.find(key) && failures.find(other));
  co_return;
}

}  // namespace
}  // namespace weir
