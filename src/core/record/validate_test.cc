// Refusals and rewritings as observed at Apache Kafka 4.3.1, with its sentences.
#include "core/record/validate.h"

#include <catch2/catch_all.hpp>

#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::make_batch;
using testing::raw;
using testing::raw_record;
using testing::some_time;

const produce_rules plain_rules{.partition = "t-0", .now = some_time};

std::string many(std::initializer_list<raw_record> records) {
  std::string body;
  for (const auto& r : records) body += raw(r);
  return body;
}

template <typename Change>
produce_fault fault_with(Change change, std::string_view body = raw({}), std::int32_t count = 1) {
  const auto checked = validate(make_batch(body, count, codec::none, change), plain_rules);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message.empty());
  CHECK(checked.error().records.empty());
  CHECK(!checked.error().reason.empty());
  return checked.error().fault;
}

TEST_CASE("a good batch is stored as it came, the very same memory") {
  const auto made = make_batch(many({{.key = std::nullopt}, {.offset_delta = 1}}), 2);
  const auto stored = validate(made, plain_rules);
  REQUIRE(stored);
  CHECK(stored->all.pieces()[0].data() == made.all.pieces()[0].data());
  CHECK(stored->record_count == 2);
  CHECK(stored->max_timestamp == some_time);
  CHECK(stored->max_timestamp_delta == 0);
  CHECK(stored->size == made.all.size());
  CHECK(stored->header == made.header);
}

TEST_CASE("headers that a broker refuses") {
  using enum produce_fault;
  const auto with = [](auto field, auto value) {
    return fault_with([&](batch_header& h) { h.*field = value; });
  };
  CHECK(with(&batch_header::base_offset, offset(5)) == invalid_record);
  CHECK(with(&batch_header::last_offset_delta, 5) == invalid_record);
  CHECK(with(&batch_header::last_offset_delta, -5) == invalid_record);
  CHECK(with(&batch_header::last_offset_delta, INT32_MAX) == invalid_record);
  CHECK(with(&batch_header::record_count, 2) == invalid_record);
  CHECK(with(&batch_header::record_count, -1) == invalid_record);
  CHECK(with(&batch_header::attributes, batch_header::control_bit) == invalid_record);
  CHECK(with(&batch_header::attributes, std::int16_t{5}) == unreadable);
  CHECK(with(&batch_header::producer, producer_id(5)) == invalid_record);  // without a sequence
  CHECK(fault_with([](batch_header& h) { h.record_count = 0, h.last_offset_delta = -1; }, "", 0) ==
        invalid_record);

  auto broken = make_batch(raw({}));
  broken.header.crc ^= 1;
  CHECK(validate(broken, plain_rules).error().fault == corrupt_message);

  // What counts first when several are wrong: base offset, size, CRC.
  produce_rules small = plain_rules;
  small.message_bytes_max = 50;
  CHECK(validate(broken, small).error().fault == record_too_large);
  broken.header.base_offset = offset(1);
  CHECK(validate(broken, small).error().fault == invalid_record);
}

TEST_CASE("records that a broker refuses, in every codec") {
  using enum produce_fault;
  const auto type = GENERATE(codec::none, codec::gzip, codec::snappy, codec::lz4, codec::zstd);
  const auto fault = [&](std::string_view body, std::int32_t count) {
    return validate(make_batch(body, count, type), plain_rules).error().fault;
  };
  CHECK(fault(raw({}), 2) == invalid_record);
  CHECK(fault(many({{}, {.offset_delta = 1}}), 1) == invalid_record);
  CHECK(fault(many({{}, {.offset_delta = 0}}), 2) == invalid_record);
  CHECK(fault(many({{}, {.offset_delta = 2}}), 2) == invalid_record);
  CHECK(fault(raw({.offset_delta = -1}), 1) == invalid_record);
  CHECK(fault(raw({}).substr(0, 5), 1) == invalid_record);
}

TEST_CASE("packed records that cannot be unpacked, or to too much") {
  auto junk = make_batch("hello", 1, codec::none, [](batch_header& h) { h.attributes = 1; });
  CHECK(validate(junk, plain_rules).error().fault == produce_fault::unreadable);
  produce_rules tight = plain_rules;
  tight.unpacked_bytes_max = 1000;
  const auto bomb = make_batch(raw({.value = std::string(100'000, 'x')}), 1, codec::gzip);
  CHECK(validate(bomb, tight).error().fault == produce_fault::record_too_large);
}

TEST_CASE("a producer needs a sequence, nothing more is asked here") {
  const auto ok = [](std::int64_t id, std::int16_t epoch, std::int32_t sequence) {
    return validate(make_batch(raw({}), 1, codec::none,
                               [&](batch_header& h) {
                                 h.producer = producer_id(id);
                                 h.epoch = producer_epoch(epoch);
                                 h.base_sequence = sequence;
                               }),
                    plain_rules)
        .has_value();
  };
  CHECK(ok(5, 0, 0));
  CHECK(ok(5, -1, 0));
  CHECK(ok(-1, 0, 5));
  CHECK(ok(-2, 0, 5));
  CHECK_FALSE(ok(5, 0, -1));
  CHECK_FALSE(ok(5, -1, -1));
  CHECK_FALSE(ok(5, 0, -5));
}

TEST_CASE("compacted topics need keys") {
  produce_rules rules = plain_rules;
  rules.partition = "cmp-0";
  rules.compacted = true;
  std::string body;
  for (int i = 0; i < 4; ++i) body += raw({.offset_delta = i, .key = std::nullopt});
  body += raw({.offset_delta = 4});
  const auto refused = validate(make_batch(body, 5, codec::gzip), rules);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == produce_fault::invalid_record);
  REQUIRE(refused.error().records.size() == 4);
  const std::string sentence =
      "Compacted topic cannot accept message without key in topic partition cmp-0";
  CHECK(refused.error().records[3].batch_index == 3);
  CHECK(refused.error().records[3].message == sentence);
  CHECK(refused.error().message ==
        "One or more records have been rejected due to 4 record errors in total, and only showing "
        "the first three errors at most: [RecordError(batchIndex=0, message='" +
            sentence + "'), RecordError(batchIndex=1, message='" + sentence +
            "'), RecordError(batchIndex=2, message='" + sentence + "')]");
}

TEST_CASE("times out of range; a missing key counts before a bad time") {
  produce_rules rules = plain_rules;
  rules.compacted = true;
  rules.before_ms_max = 1000;
  rules.after_ms_max = 2000;
  const auto body = many({{.time_delta = -1000},
                          {.offset_delta = 1, .key = std::nullopt},
                          {.offset_delta = 2, .time_delta = 2001},
                          {.offset_delta = 3, .time_delta = -1001, .key = std::nullopt},
                          {.offset_delta = 4, .time_delta = 2000}});
  const auto refused = validate(make_batch(body, 5), rules);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == produce_fault::invalid_timestamp);
  CHECK(refused.error().message ==
        "One or more records have been rejected due to invalid timestamp");
  const auto& records = refused.error().records;
  REQUIRE(records.size() == 3);
  CHECK(records[1].batch_index == 2);
  CHECK(records[1].message ==
        "Timestamp 1700000002001 of message with offset 2 is out of range. The timestamp should be "
        "within [1699999999000, 1700000002000]");
  CHECK(records[2].message.starts_with("Compacted"));

  // No time at all is always in range, and without limits any time is.
  const auto untimed =
      make_batch(raw({}), 1, codec::none, [](batch_header& h) { h.base_timestamp = no_timestamp; });
  CHECK(validate(untimed, rules));
  CHECK(validate(make_batch(raw({.time_delta = -some_time.value()})), plain_rules));
  CHECK_FALSE(validate(make_batch(raw({.time_delta = 3'600'001})), plain_rules));
}

TEST_CASE("the list of bad records is bounded, their count is not") {
  produce_rules rules = plain_rules;
  rules.compacted = true;
  std::string body;
  for (int i = 0; i < 1500; ++i) body += raw({.offset_delta = i, .key = std::nullopt});
  const auto refused = validate(make_batch(body, 1500), rules);
  CHECK(refused.error().records.size() == record_faults_max);
  CHECK(refused.error().message.find("due to 1500 record errors") != std::string::npos);
}

TEST_CASE("a wrong max timestamp is corrected") {
  const auto type = GENERATE(codec::none, codec::zstd);
  const auto body = many({{.time_delta = 3},
                          {.offset_delta = 1, .time_delta = 50},
                          {.offset_delta = 2, .time_delta = 50}});
  const auto stored =
      validate(make_batch(body, 3, type, [](batch_header& h) { h.max_timestamp = timestamp(7); }),
               plain_rules);
  REQUIRE(stored);
  CHECK(stored->header.max_timestamp == some_time + 50);
  CHECK(stored->max_timestamp_delta == 1);
  CHECK(batch_crc(stored->all, 0, stored->size) == stored->header.crc);
}

TEST_CASE("topics of append times stamp the batch and refuse stamped ones") {
  produce_rules rules = plain_rules;
  rules.timestamps = timestamp_kind::log_append_time;
  rules.now = some_time + 123;
  const auto stored = validate(make_batch(raw({.time_delta = 1'000'000'000'000})), rules);
  REQUIRE(stored);
  CHECK(stored->header.timestamps() == timestamp_kind::log_append_time);
  CHECK(stored->max_timestamp == rules.now);
  CHECK(stored->header.max_timestamp == rules.now);
  CHECK(stored->max_timestamp_delta == 0);

  const auto stamped = make_batch(raw({}), 1, codec::none, [](batch_header& h) {
    h.attributes = batch_header::log_append_time_bit;
  });
  const auto refused = validate(stamped, rules);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == produce_fault::invalid_timestamp);
  CHECK(refused.error().records.at(0).message ==
        "Invalid timestamp type in message DefaultRecord(offset=0, timestamp=1700000000000, key=1 "
        "bytes, value=1 bytes). Producer should not set timestamp type to LogAppendTime.");
  // Elsewhere the bit is taken away.
  CHECK(validate(stamped, plain_rules)->header.timestamps() == timestamp_kind::create_time);
}

TEST_CASE("a topic's own codec repacks, from and to all of them") {
  const auto from = GENERATE(codec::none, codec::gzip, codec::snappy, codec::lz4, codec::zstd);
  const auto to = GENERATE(codec::none, codec::gzip, codec::snappy, codec::lz4, codec::zstd);
  CAPTURE(from, to);
  std::string body;
  for (int i = 0; i < 3000; ++i)
    body += raw({.offset_delta = i, .time_delta = i, .value = "value"});
  const auto made = make_batch(body, 3000, from, [](batch_header& h) {
    h.attributes |= batch_header::transactional_bit;
    h.producer = producer_id(9);
    h.epoch = producer_epoch(2);
    h.base_sequence = 33;
    h.max_timestamp = some_time + 2999;
  });
  produce_rules rules = plain_rules;
  rules.compression = compression_setting{to, levels_of(to).standard};
  const auto stored = validate(made, rules);
  REQUIRE(stored);
  CHECK(stored->header.compression() == to);
  CHECK((stored->all == made.all) == (from == to));
  auto expected = made.header;  // but for what packing changes
  expected.attributes = stored->header.attributes;
  expected.batch_length = stored->header.batch_length;
  expected.crc = batch_crc(stored->all, 0, stored->size);
  CHECK(stored->header == expected);
  CHECK(stored->header.transactional());
  CHECK(stored->max_timestamp_delta == 2999);
  const auto packed = stored->all.slice(batch_header_size, stored->size - batch_header_size);
  CHECK(decompress(to, packed, body.size())->str() == body);
}

TEST_CASE("what grows beyond the limit by repacking is too large") {
  produce_rules rules = plain_rules;
  rules.message_bytes_max = 200;
  rules.compression = compression_setting{codec::none, 0};
  const auto refused =
      validate(make_batch(raw({.value = std::string(500, 'x')}), 1, codec::gzip), rules);
  CHECK(refused.error().fault == produce_fault::record_too_large);
}

TEST_CASE("steps are small and end with the same answer") {
  std::string body;
  for (int i = 0; i < 20'000; ++i)
    body += raw({.offset_delta = i, .value = "twenty bytes of text"});
  const auto made = make_batch(body, 20'000, codec::lz4);
  validation check(made, plain_rules);
  int steps = 1;
  while (!check.step()) ++steps;
  CHECK(steps >= static_cast<int>(body.size() / (2 * piece_size_max)));
  CHECK(check.result()->all == made.all);
}

}  // namespace
}  // namespace weir::record
