#include "bench/load/gaps.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace weir::load {
namespace {

constexpr std::int64_t ms = 1'000'000;

TEST_CASE("a gap begins before the death, and only those that end behind it count") {
  ack_gaps gaps(3);
  for (std::int32_t p = 0; p < 3; ++p) gaps.acknowledged(p, 1 * ms);
  gaps.acknowledged(0, 900 * ms);  // long, but before
  gaps.acknowledged(1, 990 * ms);
  gaps.acknowledged(2, 995 * ms);
  gaps.begin();
  gaps.acknowledged(0, 1300 * ms);
  gaps.acknowledged(0, 1310 * ms);
  gaps.acknowledged(1, 1000 * ms);
  gaps.acknowledged(1, 1250 * ms);
  gaps.acknowledged(0, 1320 * ms);
  const auto told = gaps.end({true, false, true}, 1330 * ms);
  CHECK(told["led"]["count"] == 2);
  CHECK(told["led"]["p50"] == 335.0);  // the third was never heard of again
  CHECK(told["led"]["max"] == 400.0);
  CHECK(told["led"]["silent"] == 1);
  CHECK(told["others"]["count"] == 1);
  CHECK(told["others"]["max"] == 250.0);
  CHECK(told["others"]["silent"] == 0);
}

TEST_CASE("of nobody nothing is told") {
  ack_gaps gaps(1);
  gaps.begin();
  gaps.acknowledged(0, 5 * ms);
  gaps.acknowledged(7, 6 * ms);  // no partition of ours
  const auto told = gaps.end({false}, 9 * ms);
  CHECK(told["led"]["count"] == 0);
  CHECK(told["led"]["max"] == 0.0);
  CHECK(told["others"]["p99"] == 5.0);
}

}  // namespace
}  // namespace weir::load
