#include "core/telemetry/pattern.h"

#include <catch2/catch_all.hpp>
#include <string>

namespace weir::telemetry {
namespace {

bool matches(std::string_view expression, std::string_view text) {
  const auto p = pattern::parse(expression);
  REQUIRE(p.has_value());
  return p->matches(text);
}

TEST_CASE("whole texts match") {
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("abc", "abc"));
  CHECK_FALSE(matches("abc", "abcd"));
  CHECK_FALSE(matches("bc", "abc"));
  CHECK(matches("a.c", "axc"));
  CHECK_FALSE(matches("a.c", "a\nc"));
  CHECK(matches("^abc$", "abc"));
  CHECK_FALSE(matches("a^b", "ab"));
  CHECK(matches(R"(a\.b)", "a.b"));
  CHECK_FALSE(matches(R"(a\.b)", "axb"));
}

TEST_CASE("choices, groups and repeats") {
  CHECK(matches("a|bc|", "bc"));
  CHECK(matches("a|bc|", ""));
  CHECK_FALSE(matches("a|bc|", "abc"));
  CHECK(matches("(ab)*c", "ababc"));
  CHECK(matches("(?:ab)+c?", "abab"));
  CHECK_FALSE(matches("(ab)+", ""));
  CHECK(matches("(a|b)*?x", "abbax"));
  CHECK(matches("a{2,3}", "aa"));
  CHECK(matches("a{2,3}", "aaa"));
  CHECK_FALSE(matches("a{2,3}", "aaaa"));
  CHECK_FALSE(matches("a{2}", "a"));
  CHECK(matches("a{2,}", "aaaaaa"));
  CHECK(matches(R"(\d{1,3}(\.\d{1,3}){3})", "127.0.0.1"));
  CHECK_FALSE(matches(R"(\d{1,3}(\.\d{1,3}){3})", "127.0.0.1234"));
  CHECK(matches("(a*)*", "aaa"));
  CHECK(matches("()*", ""));
}

TEST_CASE("sets") {
  CHECK(matches("[a-c_-]+", "ab_-c"));
  CHECK_FALSE(matches("[a-c]", "d"));
  CHECK(matches("[^a-c]", "d"));
  CHECK(matches(R"([\d.]+)", "1.2"));
  CHECK(matches(R"(\w+\s\W\S\D)", "a_9 -xy"));
}

TEST_CASE("what is no pattern, or not one that is supported") {
  for (const auto* bad :
       {"[",      "[a",      "[]", "[b-a]", "(",   "a)",    "*",   "a**+",   "a{",    "a{x}",
        "a{3,2}", "a{1001}", "\\", "\\b",   "\\1", "(?=a)", "a++", "[a&&b]", "[[a]]", "(?"})
    CHECK_FALSE(pattern::parse(bad).has_value());
  CHECK_FALSE(pattern::parse("(a{100}){100}").has_value());
  CHECK_FALSE(pattern::parse(std::string(1000, 'a')).has_value());
  CHECK_FALSE(pattern::parse(std::string(100, '(') + std::string(100, ')')).has_value());
}

TEST_CASE("no pattern takes long") {
  CHECK_FALSE(matches("(a+)+b", std::string(pattern::text_size_max, 'a')));
  CHECK_FALSE(matches("(a|a)*(a|a)*(a|aa)*c", std::string(pattern::text_size_max, 'a')));
  CHECK_FALSE(matches("a*", std::string(pattern::text_size_max + 1, 'a')));
}

}  // namespace
}  // namespace weir::telemetry
