#include "cli/http.h"

#include <catch2/catch_test_macros.hpp>

namespace weir::cli {

TEST_CASE("an answer is its status and its body") {
  const auto got = read_answer("HTTP/1.1 404 Not Found\r\ncontent-LENGTH: 3\r\nX: y\r\n\r\n{}\n");
  REQUIRE(got);
  CHECK(got->status == 404);
  CHECK(got->body == "{}\n");
  CHECK(read_answer("HTTP/1.0 200 OK\r\n\r\nall of it")->body == "all of it");
}

TEST_CASE("what is no answer, or half of one, is told") {
  CHECK(!read_answer(""));
  CHECK(!read_answer("SSH-2.0-OpenSSH\r\n\r\n"));
  CHECK(!read_answer("HTTP/1.1 20x OK\r\n\r\n"));
  CHECK(!read_answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"));
  CHECK(!read_answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}"));
  CHECK(!read_answer("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}"));
}

TEST_CASE("addresses of admin interfaces") {
  using at = std::pair<std::string, std::string>;
  CHECK(split_address("db1:9000") == at("db1", "9000"));
  CHECK(split_address("db1") == at("db1", "9644"));
  CHECK(split_address("http://db1:9000/") == at("db1", "9000"));
  CHECK(split_address("[::1]:9000") == at("::1", "9000"));
  CHECK(split_address("[::1]") == at("::1", "9644"));
  CHECK(split_address("::1") == at("::1", "9644"));
  CHECK(!split_address(""));
  CHECK(!split_address(":9000"));
  CHECK(!split_address("db1:"));
  CHECK(!split_address("db1:70000"));
  CHECK(!split_address("db1:9000x"));
  CHECK(!split_address("[::1"));
}

TEST_CASE("paths take no signs that mean something else") {
  CHECK(percent_encoded("a.b_c-1~") == "a.b_c-1~");
  CHECK(percent_encoded("a/b?c d\xc3\xa9") == "a%2Fb%3Fc%20d%C3%A9");
}

}  // namespace weir::cli
