#include "engine/share/fetched_batches.h"

#include <seastar/testing/test_case.hh>

#include "engine/share/share_rules.h"

namespace weir {
namespace {

using share::acquired_range;

SEASTAR_TEST_CASE(long_ranges_are_cut_where_batches_end) {
  const std::vector<offset> ends{offset(4), offset(9), offset(14), offset(19)};
  const std::vector<acquired_range> given{{offset(2), offset(17), 1}, {offset(18), offset(19), 2}};
  const auto by = [&](std::int32_t size) { return split_at_batches(given, ends, size); };
  BOOST_CHECK((by(100) == given));
  BOOST_CHECK((by(0) == given));
  BOOST_CHECK((by(8) == std::vector<acquired_range>{{offset(2), offset(9), 1},
                                                    {offset(10), offset(17), 1},
                                                    {offset(18), offset(19), 2}}));
  BOOST_CHECK(by(1).size() == 5);
  return seastar::make_ready_future<>();
}

SEASTAR_TEST_CASE(what_share_auto_offset_reset_says) {
  using kind = share_reset::kind;
  BOOST_CHECK((parse_share_reset("latest") == share_reset{}));
  BOOST_CHECK((parse_share_reset("earliest") == share_reset{.from = kind::earliest}));
  const auto ms = [](std::string_view text) {
    const auto read = parse_share_reset(text);
    return read && read->from == kind::before_now ? read->ms : -1;
  };
  BOOST_CHECK_EQUAL(ms("by_duration:PT0S"), 0);
  BOOST_CHECK_EQUAL(ms("by_duration:PT1H30M"), 5'400'000);
  BOOST_CHECK_EQUAL(ms("by_duration:P1DT2H3M4.5S"), 93'784'500);
  BOOST_CHECK(ms("by_duration:P999999999999999D") > 0);
  for (const auto* none : {"", "middle", "by_duration:", "by_duration:P", "by_duration:P1X"})
    BOOST_CHECK(!parse_share_reset(none));
  return seastar::make_ready_future<>();
}

}  // namespace
}  // namespace weir
