#include "cli/text.h"

#include <catch2/catch_all.hpp>

using namespace weir::cli;
using namespace std::string_literals;

TEST_CASE("UTF-8 is told from other bytes") {
  for (const auto& good : {""s, "plain"s, "größe"s, "日本"s, "\xF0\x9F\x90\x9F"s, "a\0b"s,
                           "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xF4\x8F\xBF\xBF"s}) {
    CAPTURE(good);
    CHECK(is_utf8(good));
  }
  for (const auto& bad : {"\xff"s, "\x80"s, "\xC3"s, "\xC0\xAF"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s,
                          "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s,
                          "\xE2\x82"s, "\xE2\x28\xA1"s, "ok\xC3(" + ""s}) {
    CAPTURE(to_base64(bad));
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("base64 of the RFC's examples, there and back") {
  const std::pair<std::string, std::string> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {"\xfb\xff"s, "+/8="}};
  for (const auto& [bytes, text] : examples) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
  for (const auto* bad : {"Z", "Zg=", "Zg", "Z===", "====", "Zg==Zg==", "Zm9*", "Zm 9"}) {
    CAPTURE(bad);
    CHECK_FALSE(from_base64(bad));
  }
}

TEST_CASE("every byte survives base64") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t n = 0; n <= all.size(); ++n) {
    REQUIRE(from_base64(to_base64(all.substr(0, n))) == all.substr(0, n));
  }
}

TEST_CASE("escapes") {
  CHECK(unescape(R"(a\tb\n\r\\\0\x41)") == "a\tb\n\r\\\0A"s);
  CHECK(unescape("plain") == "plain");
  for (const auto* bad : {"\\", "\\q", "\\x4", "\\x4g", "\\x-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(unescape(bad));
  }
}

TEST_CASE("pairs are cut at the first equals sign") {
  CHECK(split_pair("a=b=c") == std::pair{"a"s, "b=c"s});
  CHECK(split_pair("a=") == std::pair{"a"s, ""s});
  CHECK_FALSE(split_pair("=b"));
  CHECK_FALSE(split_pair("ab"));
}

TEST_CASE("counting") {
  CHECK(counted(0, "record") == "0 records");
  CHECK(counted(1, "record") == "1 record");
  CHECK(display_width("größe") == 5);
  CHECK(display_width("\xff\xfe") == 2);
}
