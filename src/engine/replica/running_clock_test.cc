// Time that a shard was kept from its work is not counted, and never runs back.
#include <seastar/testing/test_case.hh>

#include "engine/replica/running_clock.h"

namespace weir {
namespace {

using raft::milliseconds;

SEASTAR_TEST_CASE(time_passes_as_it_is_read_while_ticks_are_punctual) {
  running_clock c;
  c.begin(milliseconds(1000), milliseconds(50));
  BOOST_CHECK(c.now(milliseconds(1020)) == milliseconds(1020));
  BOOST_CHECK(c.tick(milliseconds(1025)) == milliseconds(1025));
  BOOST_CHECK(c.tick(milliseconds(1075)) == milliseconds(1075));
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(a_late_tick_brings_no_more_than_the_most) {
  running_clock c;
  c.begin(milliseconds(1000), milliseconds(50));
  BOOST_CHECK(c.now(milliseconds(9000)) == milliseconds(1050));
  BOOST_CHECK(c.tick(milliseconds(9000)) == milliseconds(1050));
  BOOST_CHECK(c.now(milliseconds(9000)) == milliseconds(1050));
  BOOST_CHECK(c.now(milliseconds(9010)) == milliseconds(1060));
  // The next one late as well: as much again, not all that was left out before.
  BOOST_CHECK(c.tick(milliseconds(9400)) == milliseconds(1100));
  BOOST_CHECK(c.tick(milliseconds(9425)) == milliseconds(1125));
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(time_without_ticks_counts_whole) {
  running_clock c;
  c.begin(milliseconds(1000), milliseconds(50));
  BOOST_CHECK(c.tick(milliseconds(1200)) == milliseconds(1050));
  BOOST_CHECK(c.unwatched(milliseconds(5200)) == milliseconds(5050));
  c.begin(milliseconds(5200), milliseconds(50));
  BOOST_CHECK(c.now(milliseconds(5200)) == milliseconds(5050));
  BOOST_CHECK(c.tick(milliseconds(5225)) == milliseconds(5075));
  return seastar::make_ready_future<>();
}

}  // namespace
}  // namespace weir
