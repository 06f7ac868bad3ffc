#include "core/record/batch_header.h"

#include <catch2/catch_all.hpp>

#include <array>

#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::in_pieces;
using testing::make_batch;
using testing::raw;

TEST_CASE("every header field survives writing and reading") {
  batch_header header;
  header.base_offset = offset(0x0102030405060708);
  header.batch_length = 77;
  header.leader_epoch = 5;
  header.crc = 0xdeadbeef;
  header.attributes = batch_header::transactional_bit | 4;
  header.last_offset_delta = 9;
  header.base_timestamp = timestamp(-2);
  header.max_timestamp = timestamp(1'700'000'000'000);
  header.producer = producer_id(1LL << 40);
  header.epoch = producer_epoch(-7);
  header.base_sequence = INT32_MAX;
  header.record_count = 10;
  std::array<char, batch_header_size> raw{};
  put_batch_header(header, raw.data());
  CHECK(*read_batch_header(std::string_view(raw.data(), raw.size())) == header);
  CHECK(header.size() == 89);
  CHECK(header.last_sequence() == 8);  // wraps past INT32_MAX to 0
  CHECK(header.transactional());
  CHECK_FALSE(header.control());
}

TEST_CASE("headers that are none") {
  const std::string good = make_batch(raw({})).all.str();
  auto read = [](std::string from) { return read_batch_header(fragments::copy(from)); };
  CHECK(read(good.substr(0, 60)).error() == record_error::cut_off);
  CHECK(read_batch_header(fragments::copy(good), 1 << 20).error() == record_error::cut_off);
  for (const int magic : {0, 1, 3, 255}) {
    std::string bad = good;
    bad[16] = static_cast<char>(magic);
    CHECK(read(bad).error() == (magic < 2 ? record_error::old_magic : record_error::bad_magic));
  }
  std::string bad = good;
  bad[11] = 48;  // one less than a header
  CHECK(read(bad).error() == record_error::bad_length);
  bad[8] = '\xff';
  CHECK(read(bad).error() == record_error::bad_length);
  bad = good;
  bad[22] = 5;
  CHECK(read(bad)->compression().error() == record_error::unknown_codec);
}

TEST_CASE("a new place leaves the CRC and shares the records") {
  const std::size_t piece = GENERATE(1, 10, 61, 64, 1000);
  const auto made = make_batch(raw({.value = "some value"}));
  const auto all = in_pieces(made.all.str(), piece);
  const auto placed = rewrite_place(all, offset(1'000'000), 42);
  const auto header = read_batch_header(placed);
  REQUIRE(header);
  CHECK(header->base_offset == offset(1'000'000));
  CHECK(header->leader_epoch == 42);
  CHECK(header->crc == made.header.crc);
  CHECK(batch_crc(placed, 0, placed.size()) == header->crc);
  CHECK(placed.size() == all.size());
  // The last byte is the very same memory.
  CHECK(placed.pieces().back().end() == all.pieces().back().end());
}

TEST_CASE("new times get a new CRC; bits without a meaning go") {
  const auto made = make_batch(raw({}), 1, codec::none, [](batch_header& h) {
    h.attributes = static_cast<std::int16_t>(0x8080 | batch_header::transactional_bit |
                                             batch_header::delete_horizon_bit);
  });
  const auto timed =
      rewrite_times(in_pieces(made.all.str(), 9), timestamp_kind::log_append_time, timestamp(77));
  const auto header = *read_batch_header(timed);
  CHECK(header.timestamps() == timestamp_kind::log_append_time);
  CHECK(header.max_timestamp == timestamp(77));
  CHECK(header.attributes == (batch_header::transactional_bit | batch_header::log_append_time_bit |
                              batch_header::delete_horizon_bit));
  CHECK(header.crc != made.header.crc);
  CHECK(header.crc == batch_crc(timed, 0, timed.size()));
  const auto back =
      *read_batch_header(rewrite_times(timed, timestamp_kind::create_time, timestamp(78)));
  CHECK(back.timestamps() == timestamp_kind::create_time);
}

}  // namespace
}  // namespace weir::record
