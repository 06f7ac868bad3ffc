#include "core/record/record_reader.h"

#include <catch2/catch_all.hpp>

#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::field;
using testing::in_pieces;
using testing::make_batch;
using testing::number;
using testing::raw;
using testing::sized;

constexpr std::size_t plenty = 1 << 20;

// How reading all of the body ends: nothing wrong, or the error; the same whether contents are
// touched or not, and in any pieces.
std::optional<record_error> outcome(const std::string& body, std::int32_t count = 1) {
  const auto made = make_batch(body, count);
  std::optional<std::optional<record_error>> first;
  for (const std::size_t piece : {1, 3, 1000}) {
    for (const bool whole : {false, true}) {
      const auto all = in_pieces(made.all.str(), piece);
      record_reader reader(made.header, all, plenty);
      record into;
      std::optional<record_error> ended;
      while (true) {
        const auto found = whole ? reader.next(into) : reader.next_shape(into);
        if (found && *found) continue;
        if (!found) ended = found.error();
        break;
      }
      if (!first) first = ended;
      CHECK(*first == ended);
      CHECK(reader.complaint().empty() == !ended);
    }
  }
  return *first;
}

TEST_CASE("records whose lengths lie") {
  const std::string zero(1, '\0');
  const std::string head = zero + number(0) + number(0);
  const auto fine = raw({});
  CHECK(outcome(fine) == std::nullopt);
  CHECK(outcome(raw({.key = std::nullopt, .value = std::nullopt})) == std::nullopt);
  CHECK(outcome("") == record_error::bad_count);
  CHECK(outcome(fine, 2) == record_error::bad_count);
  CHECK(outcome(fine + raw({.offset_delta = 1})) == record_error::bad_count);
  for (std::size_t cut = 1; cut < fine.size(); ++cut) {
    CHECK(outcome(fine.substr(0, cut)) == record_error::bad_record);
  }
  const std::vector<std::string> broken = {
      number(9) + fine.substr(1),                                      // size one too large
      number(7) + fine.substr(1),                                      // one too small
      number(-3) + fine.substr(1),                                     // negative
      number(1 << 30) + fine.substr(1),                                // huge
      number(0),                                                       // nothing inside
      number(1) + zero,                                                // attributes only
      sized(head + number(1000) + "kkkk"),                             // key reaches out
      sized(head + field("k") + number(60) + number(0)),               // value reaches out
      sized(head + field("k") + field("v") + number(-1)),              // negative header count
      sized(head + field("k") + field("v") + number(1000)),            // more headers than bytes
      raw({.headers = number(1) + field(std::nullopt) + field("x")}),  // header without key
      raw({.headers = number(0) + "zz"}),                              // bytes behind the headers
      "\xff\xff\xff\xff\xff\xff\x01",                                  // size wider than 32 bits
      number(30) + zero + std::string(11, '\xff') + std::string(40, 'x'),  // time wider than 64
  };
  for (std::size_t i = 0; i < broken.size(); ++i) {
    CAPTURE(i);
    CHECK(outcome(broken[i]) == record_error::bad_record);
  }
}

TEST_CASE("any negative length of key, value and header value is null, as Kafka reads it") {
  const std::string head = std::string(1, '\0') + number(0) + number(0);
  const std::string body =
      sized(head + number(-2) + number(-7) + number(1) + field("h") + number(-9));
  CHECK(outcome(body) == std::nullopt);
  const auto made = make_batch(body);
  record_reader reader(made.header, made.all, plenty);
  record one;
  REQUIRE(*reader.next(one));
  CHECK(!one.key);
  CHECK(one.key_size == -1);
  CHECK(!one.value);
  CHECK(!one.headers[0].value);
}

TEST_CASE("keys and values are shared where they lie in one piece") {
  const auto made = make_batch(raw({.key = "the key", .value = "the value"}));
  const auto all = in_pieces(made.all.str(), 1000);
  record_reader reader(made.header, all, plenty);
  record one;
  REQUIRE(*reader.next(one));
  const auto memory = all.pieces()[0];
  CHECK((one.key->data() > memory.data() && one.key->data() < memory.end()));
  CHECK((one.value->pieces()[0].data() > memory.data() &&
         one.value->pieces()[0].data() < memory.end()));
}

TEST_CASE("times and offsets wrap instead of overflowing; append time overrides") {
  const auto made = make_batch(raw({.offset_delta = 5, .time_delta = INT64_MAX}), 1, codec::none,
                               [](batch_header& h) {
                                 h.base_offset = offset(INT64_MAX);
                                 h.base_timestamp = timestamp(INT64_MAX);
                               });
  record_reader reader(made.header, made.all, plenty);
  record one;
  REQUIRE(*reader.next(one));
  CHECK(one.time == timestamp(-2));
  CHECK(one.offset == offset(INT64_MIN + 4));

  auto appended = made.header;
  appended.attributes |= batch_header::log_append_time_bit;
  appended.max_timestamp = timestamp(99);
  record_reader again(appended, made.all, plenty);
  REQUIRE(*again.next(one));
  CHECK(one.time == timestamp(99));
}

TEST_CASE("an unknown codec and a bound that is too small are errors of the reader") {
  auto made = make_batch(raw({.value = std::string(5000, 'x')}), 1, codec::zstd);
  record_shape shape;
  record_reader bounded(made.header, made.all, 4999);
  CHECK(bounded.next_shape(shape).error() == record_error::too_large_unpacked);
  made.header.attributes = 6;
  record_reader unknown(made.header, made.all, plenty);
  CHECK(unknown.next_shape(shape).error() == record_error::unknown_codec);
}

}  // namespace
}  // namespace weir::record
