#include "core/group/coordinator_partition.h"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace weir::group;

// The numbers are Java's.
TEST_CASE("names hash as in Java") {
  REQUIRE(java_hash("") == 0);
  REQUIRE(java_hash("a") == 97);
  REQUIRE(java_hash("hello") == 99162322);
  REQUIRE(java_hash("\xc3\xa9") == 0xe9);                          // é
  REQUIRE(java_hash("\xe2\x82\xac") == 0x20ac);                    // €
  REQUIRE(java_hash("\xf0\x9f\x98\x80") == 0xd83d * 31 + 0xde00);  // a pair of surrogates
}

TEST_CASE("what is no UTF-8 counts as replacement characters") {
  REQUIRE(java_hash("\xff") == 0xfffd);
  REQUIRE(java_hash("\xc3") == 0xfffd);
  REQUIRE(java_hash("\xc0\x80") == 0xfffd * 31 + 0xfffd);  // overlong: two
  REQUIRE(java_hash("\xe2\x82") == 0xfffd);                // cut off: one
  REQUIRE(java_hash("\xe2\x82z") == 0xfffd * 31 + 'z');
  REQUIRE(java_hash("\xed\xa0\x80") == (0xfffd * 31 + 0xfffd) * 31 + 0xfffd);  // a surrogate
}

TEST_CASE("partitions are never negative") {
  REQUIRE(java_hash("polygenelubricants") == std::numeric_limits<std::int32_t>::min());
  REQUIRE(coordinator_partition("polygenelubricants", 50) == 0);
  REQUIRE(coordinator_partition("hello", 50) == 22);
  REQUIRE(java_hash("billing") == -109829509);
  REQUIRE(coordinator_partition("billing", 50) == 9);
  REQUIRE(coordinator_partition("hello", 1) == 0);
}
