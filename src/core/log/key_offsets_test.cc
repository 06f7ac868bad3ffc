#include "core/log/key_offsets.h"

#include <fmt/format.h>

#include <catch2/catch_all.hpp>
#include <map>
#include <random>

namespace weir::log {
namespace {

std::uint64_t always_one(std::string_view) {
  return 1;
}
std::uint64_t by_length(std::string_view key) {
  return key.size() << 50;
}

TEST_CASE("the newest offset of each key is found, whatever the hash is") {
  for (const auto hash : {key_offsets::default_hash, &always_one, &by_length}) {
    key_offsets keys(256 << 10, 4000, hash);
    std::map<std::string, offset> reference;
    std::mt19937_64 random(7);
    for (std::int64_t at = 0; at < 4000; ++at) {
      // Empty ones, long ones that cross pieces, ones with zeros in them.
      auto key = fmt::format("key {}", random() % 300);
      if (random() % 50 == 0) key.clear();
      if (random() % 50 == 0) key = std::string(2'000, 'x') + std::to_string(random() % 30);
      if (random() % 50 == 0) key = std::string(random() % 9, '\0');
      REQUIRE(keys.put(key, offset(at)));
      reference[key] = offset(at);
    }
    CHECK(keys.size() == reference.size());
    for (const auto& [key, at] : reference) CHECK(keys.find(key) == at);
    CHECK_FALSE(keys.find("never"));
    CHECK_FALSE(keys.find(std::string(2'000, 'x')));
    CHECK(keys.memory() <= (256 << 10) + (128 << 10));
  }
}

TEST_CASE("a full table takes newer offsets of what it knows, and says so of other keys") {
  key_offsets keys(64 << 10, 1'000'000);
  std::int64_t n = 0;
  while (keys.put(fmt::format("{:030}", n), offset(n))) ++n;
  CHECK(n > 500);
  CHECK(n < 2'000);
  CHECK(keys.memory() <= 3 * (64 << 10));
  CHECK_FALSE(keys.find(fmt::format("{:030}", n)));
  CHECK(keys.put(fmt::format("{:030}", 3), offset(n + 1)));
  CHECK(keys.find(fmt::format("{:030}", 3)) == offset(n + 1));
  CHECK(keys.find(fmt::format("{:030}", 4)) == offset(4));
}

TEST_CASE("one key always fits") {
  key_offsets keys(64 << 10, 10);
  const std::string large(1 << 20, 'K');
  CHECK(keys.put(large, offset(1)));
  CHECK(keys.put(large, offset(2)));
  CHECK_FALSE(keys.put("small", offset(3)));
  CHECK(keys.find(large) == offset(2));
  CHECK_FALSE(keys.find(large.substr(1)));
}

TEST_CASE("an estimate that is too small fills the table earlier") {
  key_offsets keys(1 << 20, 0);
  std::int64_t n = 0;
  while (keys.put(std::to_string(n), offset(n))) ++n;
  CHECK(n > 30);
  CHECK(n < 100);
  for (std::int64_t i = 0; i < n; ++i) CHECK(keys.find(std::to_string(i)) == offset(i));
}

}  // namespace
}  // namespace weir::log
