#include "cli/input.h"

#include <catch2/catch_all.hpp>

using namespace weir::cli;

namespace {

std::vector<std::string> split(const std::vector<std::string>& blocks,
                               const std::string& delimiter) {
  record_splitter in(delimiter, 1000);
  std::vector<std::string> out;
  for (const auto& block : blocks) {
    in.feed(block);
    while (auto record = in.next()) out.push_back(*record);
  }
  if (auto rest = in.last()) out.push_back(*rest);
  return out;
}

using list = std::vector<std::string>;

new_record parsed(const std::string& text, const input_rules& rules) {
  auto out = parse_record(text, rules);
  REQUIRE(out);
  return *out;
}

}  // namespace

TEST_CASE("records end at the delimiter, wherever the blocks do") {
  CHECK(split({"a\nb\n"}, "\n") == list{"a", "b"});
  CHECK(split({"a\nb"}, "\n") == list{"a", "b"});
  CHECK(split({"a\n\nb"}, "\n") == list{"a", "", "b"});
  CHECK(split({}, "\n").empty());
  const std::string text = "one--two-three----four-";
  const list whole = {"one", "two-three", "", "four-"};
  CHECK(split({text}, "--") == whole);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    for (std::size_t j = i; j <= text.size(); ++j) {
      REQUIRE(split({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, "--") == whole);
    }
  }
}

TEST_CASE("a record without an end is noticed") {
  record_splitter in("\n", 4);
  in.feed("12345678\nabcd");
  CHECK(in.next() == "12345678");
  CHECK_FALSE(in.next());
  CHECK_FALSE(in.too_long());
  in.feed("e");
  CHECK_FALSE(in.next());
  CHECK(in.too_long());
}

TEST_CASE("keys come from -k or from the line") {
  input_rules rules;
  CHECK_FALSE(parsed("x", rules).key);
  rules.key = "fixed";
  CHECK(parsed("x:y", rules).key == "fixed");
  rules = {};
  rules.key_separator = ":";
  const auto record = parsed("a:b:c", rules);
  CHECK(record.key == "a");
  CHECK(record.value == "b:c");
  CHECK(parse_record("abc", rules).error().find("no key separator ':'") == 0);
}

TEST_CASE("empty and null") {
  input_rules rules;
  rules.key_separator = ":";
  auto record = parsed(":", rules);
  CHECK(record.key == "");
  CHECK(record.value == "");
  rules.empty_is_null = true;
  record = parsed(":", rules);
  CHECK_FALSE(record.key);
  CHECK_FALSE(record.value);
}

TEST_CASE("JSON objects become records") {
  input_rules rules;
  rules.json = true;
  rules.headers = {{"added", "1"}};
  const auto record = parsed(
      R"({"topic":"t","offset":9,"key":"k","value_base64":"/wAB","timestamp_ms":7,
          "headers":[{"name":"a","value":null},{"name":"b","value":"c"}]})",
      rules);
  CHECK(record.key == "k");
  CHECK(record.value == std::string("\xff\x00\x01", 3));
  CHECK(record.timestamp_ms == 7);
  REQUIRE(record.headers.size() == 3);
  CHECK_FALSE(record.headers[0].value);
  CHECK(record.headers[1].value == "c");
  CHECK(record.headers[2].name == "added");
  CHECK(parsed(R"({"value":{"b":1}})", rules).value == R"({"b":1})");
  CHECK_FALSE(parsed("{}", rules).value);
  CHECK_FALSE(parsed(R"({"key":null})", rules).key);
}

TEST_CASE("JSON that isn't a record says why") {
  input_rules rules;
  rules.json = true;
  const std::pair<const char*, const char*> bad[] = {
      {"nonsense", "not a JSON object"},
      {"[1]", "not a JSON object"},
      {R"({"key_base64":"*"})", "key_base64 is not base64"},
      {R"({"value_base64":1})", "value_base64 is not base64"},
      {R"({"headers":{}})", "headers is not an array"},
      {R"({"headers":[1]})", "a header is not an object"},
      {R"({"headers":[{"value":"x"}]})", "a header has no name"},
      {R"({"timestamp_ms":"x"})", "timestamp_ms is not a whole number"}};
  for (const auto& [text, why] : bad) {
    CAPTURE(text);
    CHECK(parse_record(text, rules).error() == why);
  }
}
