#include "cli/moment.h"

#include <catch2/catch_all.hpp>

using namespace weir::cli;

TEST_CASE("moments in the ways people write them") {
  CHECK(parse_moment("1357016400000") == 1357016400000);
  CHECK(parse_moment("0") == 0);
  CHECK(parse_moment("2013-01-01") == 1356998400000);
  CHECK(parse_moment("2013-01-01T05:00") == 1357016400000);
  CHECK(parse_moment("2013-01-01 05:00:00") == 1357016400000);
  CHECK(parse_moment("2013-01-01T05:00:00Z") == 1357016400000);
  CHECK(parse_moment("2013-01-01T05:00:00.25Z") == 1357016400250);
  CHECK(parse_moment("2013-01-01T05:00:00.1239Z") == 1357016400123);
  CHECK(parse_moment("2013-01-01T06:30+01:30") == 1357016400000);
  CHECK(parse_moment("2013-01-01T00:00-0500") == 1357016400000);
  CHECK(parse_moment("2024-02-29") == 1709164800000);
}

TEST_CASE("what is no moment") {
  for (const auto* bad :
       {"", "now", "-5", "12x", "2013-1-1", "2013-13-01", "2013-02-29", "2013-01-01T",
        "2013-01-01T05", "2013-01-01T24:00", "2013-01-01T05:60", "2013-01-01T05:00:00.",
        "2013-01-01T05:00+1", "2013-01-01T05:00ZZ", "2013-01-01x", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_moment(bad));
  }
}

TEST_CASE("ISO-8601 of a timestamp") {
  CHECK(to_iso(0) == "1970-01-01T00:00:00.000Z");
  CHECK(to_iso(1357016400250) == "2013-01-01T05:00:00.250Z");
  CHECK(parse_moment(to_iso(1709164800123)) == 1709164800123);
}
