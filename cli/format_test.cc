#include "cli/format.h"

#include <catch2/catch_all.hpp>
#include <nlohmann/json.hpp>

using namespace weir::cli;
using namespace std::string_literals;

namespace {

record_view sample() {
  record_view r;
  r.topic = "flights";
  r.partition = 3;
  r.offset = 42;
  r.leader_epoch = 5;
  r.timestamp_ms = 1357016400250;
  r.key = "UA";
  r.value = "from EWR";
  r.headers = {{"source", "csv"}, {"note", std::nullopt}};
  return r;
}

std::string printed(std::string_view format, const record_view& r, const std::string& null = "") {
  auto parsed = record_format::parse(format, null);
  REQUIRE(parsed);
  std::string out = "|";
  parsed->write(r, out);
  return out.substr(1);
}

nlohmann::json json_of(const record_view& r) {
  std::string out;
  write_json(r, out);
  REQUIRE(out.ends_with('\n'));
  REQUIRE(out.find('\n') == out.size() - 1);
  return nlohmann::json::parse(out);
}

}  // namespace

TEST_CASE("each placeholder prints its field") {
  CHECK(printed("%t/%p/%o/%e", sample()) == "flights/3/42/5");
  CHECK(printed("%k=%v %K %V", sample()) == "UA=from EWR 2 8");
  CHECK(printed("%s %S", sample()) == "from EWR 8");
  CHECK(printed("%T %I", sample()) == "1357016400250 2013-01-01T05:00:00.250Z");
  CHECK(printed("%h", sample(), "NULL") == "source=csv,note=NULL");
  CHECK(printed("100%%\\t%o\\n", sample()) == "100%\t42\n");
  CHECK(printed("", sample()).empty());
  CHECK(printed("no field", sample()) == "no field");
}

TEST_CASE("null is not empty") {
  auto r = sample();
  r.key.reset();
  r.value = "";
  CHECK(printed("[%k][%v] %K %V", r) == "[][] -1 0");
  CHECK(printed("[%k][%v]", r, "NULL") == "[NULL][]");
  r.timestamp_ms.reset();
  CHECK(printed("%T %I", r, "-") == "-1 -");
}

TEST_CASE("an escape never makes a placeholder") {
  CHECK(printed("\\x25o", sample()) == "%o");
  CHECK(printed("%%o", sample()) == "%o");
}

TEST_CASE("a format that can't be understood says why") {
  CHECK(record_format::parse("%q").error().find("%q is not known") == 0);
  CHECK(record_format::parse("50%").error().find("lone %") != std::string::npos);
  CHECK(record_format::parse("%v\\q").error().find("\\q is not known") == 0);
}

TEST_CASE("JSON has the documented fields") {
  const auto json = json_of(sample());
  CHECK(json == nlohmann::json{{"topic", "flights"},
                               {"partition", 3},
                               {"offset", 42},
                               {"leader_epoch", 5},
                               {"timestamp_ms", 1357016400250},
                               {"timestamp_type", "create"},
                               {"key", "UA"},
                               {"value", "from EWR"},
                               {"headers",
                                {{{"name", "source"}, {"value", "csv"}},
                                 {{"name", "note"}, {"value", nullptr}}}}});
}

TEST_CASE("JSON of nulls and of bytes that are no text") {
  auto r = sample();
  r.key.reset();
  const std::string bytes = "\xff\x00\x01"s;
  r.value = bytes;
  r.headers = {{"raw", bytes}};
  r.leader_epoch = -1;
  r.timestamp_ms.reset();
  const auto json = json_of(r);
  CHECK(json["key"].is_null());
  CHECK_FALSE(json.contains("value"));
  CHECK(json["value_base64"] == "/wAB");
  CHECK(json["headers"][0]["value_base64"] == "/wAB");
  CHECK_FALSE(json.contains("leader_epoch"));
  CHECK_FALSE(json.contains("timestamp_ms"));
}
