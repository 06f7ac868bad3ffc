#include "core/record/batch_builder.h"

#include <catch2/catch_all.hpp>

#include "core/record/batch_search.h"
#include "core/record/record_reader.h"
#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::some_time;

constexpr std::size_t plenty = 1 << 20;

TEST_CASE("a built batch reads as it was planned, in every codec") {
  const auto type = GENERATE(codec::none, codec::gzip, codec::snappy, codec::lz4, codec::zstd);
  batch_builder builder({.base_offset = offset(100),
                         .leader_epoch = 3,
                         .compression = type,
                         .level = levels_of(type).standard,
                         .producer = producer_id(7),
                         .epoch = producer_epoch(1),
                         .base_sequence = 5,
                         .transactional = true});
  const std::array<new_header, 2> headers = {{{"h", "1"}, {"n", std::nullopt}}};
  builder.add({.time = some_time, .key = "a", .value = "b"});
  builder.add(
      {.time = some_time + 9, .key = std::nullopt, .value = std::nullopt, .headers = headers});
  builder.add_at(offset(107), {.time = some_time - 4, .key = "", .value = "z"});
  const auto all = builder.finish(9);

  const auto header = *read_batch_header(all);
  CHECK(header.base_offset == offset(100));
  CHECK(header.last_offset() == offset(109));
  CHECK(header.record_count == 3);
  CHECK(header.base_timestamp == some_time);
  CHECK(header.max_timestamp == some_time + 9);
  CHECK(header.compression() == type);
  CHECK(header.transactional());
  CHECK(header.crc == batch_crc(all, 0, all.size()));

  record_reader reader(header, all, plenty);
  record one;
  REQUIRE(*reader.next(one));
  CHECK(one.offset == offset(100));
  REQUIRE(*reader.next(one));
  CHECK(!one.key);
  REQUIRE(one.headers.size() == 2);
  CHECK(one.headers[0].value->view() == "1");
  CHECK(!one.headers[1].value);
  REQUIRE(*reader.next(one));
  CHECK(one.offset == offset(107));
  CHECK(one.time == some_time - 4);
  CHECK(one.key->empty());
  CHECK_FALSE(*reader.next(one));
}

TEST_CASE("transaction markers (KIP-98), byte for byte") {
  const auto all =
      make_marker(marker::commit, offset(5), 2, some_time, producer_id(9), producer_epoch(1), 44);
  const auto header = *read_batch_header(all);
  CHECK(header.control());
  CHECK(header.transactional());
  CHECK(header.base_sequence == -1);
  // length 16, attributes 0, deltas 0 and 0, key of 4: version 0, kind 1; value of 6: version 0,
  // epoch 44; no headers.
  CHECK(all.str().substr(batch_header_size) == testing::from_hex("20000000"
                                                                 "0800000001"
                                                                 "0c00000000002c"
                                                                 "00"));
  const auto seen = read_marker(header, all);
  REQUIRE(seen);
  REQUIRE(*seen);
  CHECK((*seen)->kind == marker::commit);
  CHECK((*seen)->coordinator_epoch == 44);
  const auto abort =
      make_marker(marker::abort, offset(5), 2, some_time, producer_id(9), producer_epoch(1), 44);
  CHECK((**read_marker(*read_batch_header(abort), abort)).kind == marker::abort);
  // Other control records (KIP-595 has such) are no markers; short ones are broken.
  const auto other = testing::make_batch(testing::raw({.key = std::string_view("\0\0\0\5", 4)}));
  CHECK_FALSE(read_marker(other.header, other.all)->has_value());
  const auto broken = testing::make_batch(testing::raw({.key = "abc"}));
  CHECK(read_marker(broken.header, broken.all).error() == record_error::bad_record);
}

TEST_CASE("times are found in a batch") {
  const auto type = GENERATE(codec::none, codec::lz4);
  batch_builder builder({.base_offset = offset(10), .compression = type, .level = 9});
  for (const int delta : {9, 50, 50, 20}) builder.add({.time = some_time + delta, .value = "v"});
  const auto all = builder.finish();
  const auto header = *read_batch_header(all);
  const auto find = [&](int delta, std::int64_t from = 0) {
    return *first_at_or_after(header, all, some_time + delta, offset(from), plenty);
  };
  CHECK(find(0) == timed_offset{offset(10), some_time + 9});
  CHECK(find(10) == timed_offset{offset(11), some_time + 50});
  CHECK(find(10, 12) == timed_offset{offset(12), some_time + 50});
  CHECK(find(10, 13) == timed_offset{offset(13), some_time + 20});
  CHECK_FALSE(find(51));
  CHECK_FALSE(find(0, 14));
  CHECK(*latest_time(header, all, plenty) == timed_offset{offset(11), some_time + 50});

  const auto stamped = rewrite_times(all, timestamp_kind::log_append_time, timestamp(77));
  const auto stamped_header = *read_batch_header(stamped);
  CHECK(*latest_time(stamped_header, stamped, plenty) == timed_offset{offset(10), timestamp(77)});
  CHECK(*first_at_or_after(stamped_header, stamped, timestamp(77), offset(12), plenty) ==
        timed_offset{offset(12), timestamp(77)});
}

}  // namespace
}  // namespace weir::record
