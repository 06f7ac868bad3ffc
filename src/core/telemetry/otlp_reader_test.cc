#include "core/telemetry/otlp_reader.h"

#include <catch2/catch_all.hpp>
#include <cmath>
#include <vector>

#include "core/telemetry/otlp_bytes_test.h"

namespace weir::telemetry {
namespace {

using namespace testing;

std::expected<std::vector<metric>, otlp_error> read(const fragments& from, std::size_t fields = 1) {
  std::vector<metric> all;
  otlp_reader reader(from);
  while (!reader.ended()) {
    auto one = reader.next(fields);
    if (!one) return std::unexpected(one.error());
    if (*one) all.push_back(**std::move(one));
  }
  return all;
}

std::vector<metric> read(const std::string& bytes, std::size_t fields = 1) {
  const auto all = read(fragments::copy(bytes), fields);
  REQUIRE(all.has_value());
  return *all;
}

bool malformed(const std::string& bytes) {
  return !read(fragments::copy(bytes)).has_value();
}

TEST_CASE("gauges and sums, one figure for all points") {
  const auto bytes =
      otlp(gauge("org.apache.kafka.a", point(2.5) + point(std::int64_t{-4})) +
           sum("org.apache.kafka.b", point(std::int64_t{7}) + point(std::int64_t{8}), 1, true) +
           sum("org.apache.kafka.c", point(9.0), 2, true) + sum("d", point(1.0), 1, false));
  for (const std::size_t fields : {1U, 3U, 1000U}) {
    const auto all = read(bytes, fields);
    REQUIRE(all.size() == 4);
    CHECK(all[0].name == "org.apache.kafka.a");
    CHECK(all[0].kind == metric_kind::gauge);
    CHECK(all[0].points == 2);
    CHECK(all[0].sum == -1.5);
    CHECK(all[0].largest == 2.5);
    CHECK(all[1].kind == metric_kind::increase);
    CHECK(all[1].sum == 15);
    CHECK(all[2].kind == metric_kind::total_sum);
    CHECK(all[3].kind == metric_kind::gauge);
  }
}

TEST_CASE("what can't be shown is left out") {
  CHECK(read(otlp(gauge("a b", point(1.0)))).empty());
  CHECK(read(otlp(gauge("", point(1.0)))).empty());
  CHECK(read(otlp(gauge(std::string(metric_name_max + 1, 'a'), point(1.0)))).empty());
  CHECK(read(otlp(gauge("a", ""))).empty());
  CHECK(read(otlp(gauge("a", point(std::nan("")) + point(INFINITY)))).empty());
  CHECK(read(otlp(field(2, field(1, "histogram") + field(9, "xyz")))).empty());
  CHECK(read(std::string()).empty());
  CHECK(read(field(77, "later") + field(78, std::uint64_t{5}) + fixed(79, 1)).empty());
}

TEST_CASE("pieces make no difference") {
  const auto bytes = otlp(gauge("abc", point(1.0)) + sum("def", point(2.0), 1, true));
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    auto pieces = fragments::copy(bytes.substr(0, cut));
    pieces.append(fragments::copy(bytes.substr(cut)));
    const auto all = read(pieces, 5);
    REQUIRE(all.has_value());
    REQUIRE(all->size() == 2);
    CHECK(all->back().sum == 2.0);
  }
}

TEST_CASE("what is cut off or is no message is refused") {
  const auto bytes = otlp(gauge("abc", point(1.0)));
  for (std::size_t size = 1; size < bytes.size(); ++size) CHECK(malformed(bytes.substr(0, size)));
  CHECK(malformed("\x0a\x05"));                                  // longer than what holds it
  CHECK(malformed(std::string("\x03", 1)));                      // a group
  CHECK(malformed(std::string("\x00\x00", 2)));                  // field 0
  CHECK(malformed(std::string(11, '\xff')));                     // a number without end
  CHECK(malformed(otlp(field(2, field(5, field(1, "\x21"))))));  // a point's number is cut off
}

}  // namespace
}  // namespace weir::telemetry
