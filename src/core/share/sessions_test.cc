#include "core/share/sessions.h"

#include <catch2/catch_all.hpp>

namespace weir::share {
namespace {

const partition_key p0{uuid{1, 1}, 0}, p1{uuid{1, 1}, 1}, p2{uuid{2, 2}, 0};
const session_key a{"g", "a"};
using keys = std::vector<partition_key>;

TEST_CASE("a session remembers what its member reads") {
  share_sessions s;
  CHECK(s.begins(a, 0));
  CHECK(!s.begins(a, 1));
  const keys first{p0, p1};
  const auto began = s.fetch(a, 0, 7, first, {});
  REQUIRE(began);
  CHECK(began->began);
  CHECK(began->wanted == first);
  CHECK(!s.begins(a, 0));
  const keys more{p2, p0};
  const auto then = s.fetch(a, 1, 7, more, {});
  REQUIRE(then);
  CHECK(!then->began);
  CHECK(then->wanted == keys{p1, p2, p0});  // who was first is last
  const keys less{p1};
  CHECK(s.fetch(a, 2, 7, {}, less)->wanted == keys{p0, p2});
  CHECK(s.acknowledge(a, 3));
  const auto last = s.fetch(a, -1, 7, {}, {});
  REQUIRE(last);
  CHECK(last->ended);
  CHECK(last->touched == keys{p0, p1, p2});  // also what it reads no more
  CHECK(s.size() == 0);
}

TEST_CASE("requests out of turn") {
  share_sessions s;
  const keys some{p0};
  CHECK(s.fetch(a, 1, 7, some, {}).error() == session_error::not_found);
  CHECK(s.fetch(a, -1, 7, some, {}).error() == session_error::not_found);
  CHECK(s.acknowledge(a, 1).error() == session_error::not_found);
  CHECK(s.acknowledge(a, 0).error() == session_error::invalid_epoch);
  REQUIRE(s.fetch(a, 0, 7, some, {}));
  CHECK(s.fetch(a, 2, 7, some, {}).error() == session_error::invalid_epoch);
  CHECK(s.acknowledge(a, 2).error() == session_error::invalid_epoch);
  CHECK(s.fetch(a, 1, 7, some, {}));
  CHECK(s.fetch(a, 1, 7, some, {}).error() == session_error::invalid_epoch);
  CHECK(s.acknowledge(a, -1)->ended);
  CHECK(s.acknowledge(a, -1).error() == session_error::not_found);
}

TEST_CASE("a session ends with its connection, not with one before") {
  share_sessions s;
  const keys some{p0}, other{p1};
  REQUIRE(s.fetch(a, 0, 7, some, {}));
  REQUIRE(s.fetch(a, 0, 8, other, {}));
  CHECK(s.size() == 1);
  CHECK(!s.closed(a, 7));
  const auto over = s.closed(a, 8);
  REQUIRE(over);
  CHECK(over->touched == keys{p0, p1});
  CHECK(!s.closed(a, 8));
}

}  // namespace
}  // namespace weir::share
