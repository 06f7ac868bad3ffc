#include "bench/load/histogram.h"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace weir::load {
namespace {

TEST_CASE("an empty histogram answers zero") {
  const histogram h;
  CHECK(h.count() == 0);
  CHECK(h.max() == 0);
  CHECK(h.at(0.5) == 0);
}

TEST_CASE("small values are exact") {
  histogram h;
  for (std::uint64_t v = 1; v <= 100; ++v) h.add(v);
  CHECK(h.at(0.0) == 1);
  CHECK(h.at(0.5) == 50);
  CHECK(h.at(0.99) == 99);
  CHECK(h.at(1.0) == 100);
}

TEST_CASE("one value of any size comes back within half a percent") {
  for (std::uint64_t v = 1; v < histogram::largest; v += v / 3 + 1) {
    histogram h;
    h.add(v);
    h.add(histogram::largest);  // or max() alone would bound the answer
    CHECK(h.at(0.5) == Catch::Approx(static_cast<double>(v)).epsilon(0.005));
  }
}

TEST_CASE("percentiles of a skewed crowd agree with its sorted values") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> spread(14, 1.5);
  std::vector<std::uint64_t> values(200'000);
  histogram halves[2];
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint64_t>(spread(random));
    halves[i % 2].add(values[i]);
  }
  histogram whole;
  whole.merge(halves[0]);
  whole.merge(halves[1]);
  std::ranges::sort(values);
  CHECK(whole.count() == values.size());
  CHECK(whole.max() == values.back());
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999, 0.9999}) {
    const auto place = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    const auto exact = static_cast<double>(values[place - 1]);
    CHECK(static_cast<double>(whole.at(q)) == Catch::Approx(exact).epsilon(0.005));
  }
}

TEST_CASE("what is too large counts as the largest and keeps the maximum") {
  histogram h;
  h.add(histogram::largest * 4);
  CHECK(h.count() == 1);
  CHECK(h.max() == histogram::largest * 4);
  CHECK(h.at(0.5) == Catch::Approx(static_cast<double>(histogram::largest)).epsilon(0.005));
}

}  // namespace
}  // namespace weir::load
