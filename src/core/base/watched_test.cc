#include "core/base/watched.h"

#include <catch2/catch_all.hpp>
#include <optional>
#include <string>

namespace weir {
namespace {

TEST_CASE("a watched value tells its subscribers of changes and only of changes") {
  watched<int> value(1);
  std::vector<int> heard;
  auto first = value.subscribe([&](int now) { heard.push_back(now); });
  CHECK(value.version() == 0);
  value.set(1);
  CHECK(heard.empty());
  CHECK(value.version() == 0);
  value.set(2);
  CHECK(*value == 2);
  CHECK(value.version() == 1);
  CHECK(heard == std::vector{2});
  first.end();
  value.set(3);
  CHECK(heard == std::vector{2});
  CHECK(value.version() == 2);
}

TEST_CASE("a watch ends with its object, and an assigned one replaces the former") {
  watched<std::string> value("a");
  int first = 0;
  int second = 0;
  {
    auto held = value.subscribe([&](const std::string&) { ++first; });
    value.set("b");
    held = value.subscribe([&](const std::string&) { ++second; });
    value.set("c");
  }
  value.set("d");
  CHECK(first == 1);
  CHECK(second == 1);
}

TEST_CASE("a watch may outlive its value") {
  watch held;
  {
    watched<int> value(1);
    held = value.subscribe([](int) {});
  }
  CHECK(held.active());
  held.end();
  CHECK_FALSE(held.active());
}

TEST_CASE("callbacks may end watches, subscribe and set again") {
  watched<int> value(0);
  std::optional<watch> own;
  watch other;
  watch later;
  int own_calls = 0;
  int other_calls = 0;
  int later_calls = 0;
  std::vector<int> last_seen;
  own = value.subscribe([&](int now) {
    ++own_calls;
    other.end();
    later = value.subscribe([&](int) { ++later_calls; });
    own.reset();
    if (now == 1) value.set(2);
  });
  other = value.subscribe([&](int) { ++other_calls; });
  auto last = value.subscribe([&](int now) { last_seen.push_back(now); });
  value.set(1);
  CHECK(own_calls == 1);
  CHECK(other_calls == 0);
  CHECK(later_calls == 1);
  // Both tellings come after the second change, so none shows a value that is already old.
  CHECK(last_seen == std::vector{2, 2});
  CHECK(value.version() == 2);
}

}  // namespace
}  // namespace weir
