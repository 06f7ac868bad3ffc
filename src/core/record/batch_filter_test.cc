#include "core/record/batch_filter.h"

#include <catch2/catch_all.hpp>
#include <map>

#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::some_time;

struct told {
  offset at;
  std::string key;  // "-": none
  std::optional<std::string> value;
  timestamp time;
  std::size_t headers = 0;
  bool operator==(const told&) const = default;
};

std::vector<told> records_of(const fragments& batch) {
  const auto header = read_batch_header(batch);
  REQUIRE(header);
  CHECK(header->crc == batch_crc(batch, 0, batch.size()));
  CHECK(header->size() == batch.size());
  record_reader reader(*header, batch, 64 << 20);
  record r;
  std::vector<told> all;
  while (true) {
    const auto more = reader.next(r);
    REQUIRE(more);
    if (!*more) return all;
    std::optional<std::string> value;
    if (r.value) value = r.value->str();
    all.push_back(
        {r.offset, r.key ? std::string(r.key->view()) : "-", value, r.time, r.headers.size()});
  }
}

// Offsets 100 to 105: two old records, a tombstone, one with headers, one without a key, a newest.
fragments some_batch(batch_plan plan = {}) {
  plan.base_offset = offset(100);
  plan.leader_epoch = 3;
  batch_builder b(plan);
  const std::array headers{new_header{"h", "1"}, new_header{"i", std::nullopt}};
  b.add({.time = some_time + 5, .key = "a", .value = "old"});
  b.add({.time = some_time + 90, .key = "b", .value = std::string_view("old\0x", 5)});
  b.add({.time = some_time + 7, .key = "gone", .value = std::nullopt});
  b.add({.time = some_time + 8, .key = "c", .value = "", .headers = headers});
  b.add({.time = some_time + 9, .key = std::nullopt, .value = "nobody's"});
  b.add({.time = some_time + 10, .key = "a", .value = "new"});
  return b.finish();
}

struct filtering {
  std::map<std::string, offset, std::less<>> newest;
  filter_rules rules{
      .end = offset(1000), .now = some_time + 1'000, .tombstone_ms = 500, .unpacked_max = 64 << 20};
  filtering() {
    rules.newest = [this](std::string_view key, offset at) {
      const auto known = newest.find(key);
      return known == newest.end() || at >= known->second;
    };
  }
  filtered_batch operator()(const fragments& batch) const {
    batch_filter f(*read_batch_header(batch), batch, rules);
    while (true) {
      const auto done = f.step();
      REQUIRE(done);
      if (*done) return f.take();
    }
  }
};

TEST_CASE("what a newer record replaces goes, and the batch's range stays") {
  for (const auto type : {codec::none, codec::gzip, codec::snappy, codec::lz4, codec::zstd}) {
    CAPTURE(static_cast<int>(type));
    filtering f;
    f.newest = {{"a", offset(105)}, {"b", offset(300)}, {"gone", offset(102)}, {"c", offset(103)}};
    const auto batch = some_batch({.compression = type,
                                   .producer = producer_id(9),
                                   .epoch = producer_epoch(2),
                                   .base_sequence = 41});
    const auto left = f(batch);
    CHECK(left.fate == batch_fate::rewritten);
    CHECK(left.kept == 3);
    CHECK(left.tombstones == 1);
    const auto h = *read_batch_header(left.batch);
    CHECK(h.base_offset == offset(100));
    CHECK(h.last_offset() == offset(105));
    CHECK(h.leader_epoch == 3);
    CHECK(h.producer == producer_id(9));
    CHECK(h.epoch == producer_epoch(2));
    CHECK(h.base_sequence == 41);
    CHECK(h.last_sequence() == 46);
    CHECK(h.compression() == type);
    CHECK(h.max_timestamp == some_time + 10);  // the one at + 90 is gone
    CHECK(h.has_delete_horizon());
    CHECK(h.base_timestamp == some_time + 1'500);
    CHECK(records_of(left.batch) ==
          std::vector<told>{{offset(102), "gone", std::nullopt, some_time + 7},
                            {offset(103), "c", "", some_time + 8, 2},
                            {offset(105), "a", "new", some_time + 10}});
  }
}

TEST_CASE("what stays as it is is shared") {
  filtering f;
  batch_builder b({.base_offset = offset(7)});
  b.add({.time = some_time, .key = "k", .value = "v"});
  const auto batch = b.finish();
  const auto left = f(batch);
  CHECK(left.fate == batch_fate::same);
  CHECK(left.batch.pieces().front().data() == batch.pieces().front().data());
  CHECK(left.kept == 1);
}

TEST_CASE("records that were not looked at stay, with and without a key") {
  filtering f;
  f.newest = {{"a", offset(900)}};
  f.rules.end = offset(104);
  auto left = f(some_batch());
  CHECK(left.kept == 5);  // the first "a" alone goes
  const auto all = records_of(left.batch);
  CHECK(all.front().at == offset(101));
  CHECK(all.back() == told{offset(105), "a", "new", some_time + 10});
  // Their tombstones get no horizon yet.
  f.rules.end = offset(101);
  left = f(some_batch());
  CHECK_FALSE(read_batch_header(left.batch)->has_delete_horizon());
}

TEST_CASE("a tombstone goes at its horizon, not before, and the horizon stays") {
  filtering f;
  f.newest = {{"a", offset(105)}};
  const auto first = f(some_batch());
  REQUIRE(read_batch_header(first.batch)->base_timestamp == some_time + 1'500);
  f.rules.now = some_time + 1'499;
  const auto second = f(first.batch);
  CHECK(second.fate == batch_fate::same);
  f.rules.now = some_time + 1'500;
  const auto third = f(first.batch);
  CHECK(third.fate == batch_fate::rewritten);
  CHECK(third.tombstones == 0);
  const auto h = *read_batch_header(third.batch);
  CHECK(h.has_delete_horizon());
  CHECK(h.base_timestamp == some_time + 1'500);
  CHECK(records_of(third.batch).size() == 3);
  CHECK(records_of(third.batch).front() ==
        told{offset(101), "b", std::string("old\0x", 5), some_time + 90});
  // One that never ends.
  f.rules.tombstone_ms = INT64_MAX;
  CHECK(read_batch_header(f(some_batch()).batch)->base_timestamp == timestamp(INT64_MAX));
}

TEST_CASE("an emptied batch goes, or stays as a header") {
  filtering f;
  f.newest = {{"a", offset(900)}, {"b", offset(900)}, {"c", offset(900)}, {"gone", offset(900)}};
  const auto batch = some_batch({.compression = codec::zstd,
                                 .producer = producer_id(9),
                                 .epoch = producer_epoch(0),
                                 .base_sequence = INT32_MAX - 1,
                                 .transactional = true});
  CHECK(f(batch).fate == batch_fate::dropped);
  f.rules.keep_header = true;
  const auto left = f(batch);
  CHECK(left.fate == batch_fate::emptied);
  CHECK(left.batch.size() == batch_header_size);
  CHECK(records_of(left.batch).empty());
  const auto h = *read_batch_header(left.batch);
  CHECK(h.record_count == 0);
  CHECK(h.last_offset() == offset(105));
  CHECK(h.last_sequence() == 3);
  CHECK(h.transactional());
  CHECK(h.compression() == codec::none);
  CHECK(h.max_timestamp == some_time + 90);
  // Once more: as long as it is to stay.
  CHECK(f(left.batch).fate == batch_fate::same);
  f.rules.keep_header = false;
  CHECK(f(left.batch).fate == batch_fate::dropped);
}

TEST_CASE("control batches are left alone") {
  filtering f;
  f.rules.newest = [](std::string_view, offset) { return false; };
  const auto marker =
      make_marker(marker::commit, offset(5), 1, some_time, producer_id(1), producer_epoch(0), 7);
  const auto left = f(marker);
  CHECK(left.fate == batch_fate::same);
  CHECK(left.batch == marker);
}

TEST_CASE("append times are kept") {
  filtering f;
  f.newest = {{"a", offset(105)}};
  const auto batch = rewrite_times(some_batch(), timestamp_kind::log_append_time, some_time + 333);
  const auto left = f(batch);
  const auto h = *read_batch_header(left.batch);
  CHECK(h.timestamps() == timestamp_kind::log_append_time);
  CHECK(h.max_timestamp == some_time + 333);
  for (const auto& r : records_of(left.batch)) CHECK(r.time == some_time + 333);
}

TEST_CASE("large batches take many steps") {
  filtering f;
  batch_builder b({.base_offset = offset(0), .compression = codec::lz4});
  const std::string value(1000, 'v');
  for (int i = 0; i < 2000; ++i)
    b.add({.time = some_time, .key = std::to_string(i % 500), .value = value});
  for (int i = 0; i < 500; ++i) f.newest[std::to_string(i)] = offset(1500 + i);
  f.rules.end = offset(2000);
  const auto batch = b.finish();
  batch_filter filter(*read_batch_header(batch), batch, f.rules);
  int steps = 0;
  while (!*filter.step()) ++steps;
  CHECK(steps > 30);
  const auto left = filter.take();
  CHECK(left.kept == 500);
  CHECK(records_of(left.batch).front().at == offset(1500));
}

TEST_CASE("a batch whose records are not what it says is an error") {
  filtering f;
  f.newest = {{"k", offset(100)}};
  using testing::raw;
  const auto step = [&](const batch& b) {
    batch_filter filter(b.header, b.all, f.rules);
    return filter.step();
  };
  CHECK_FALSE(step(testing::make_batch(raw({.offset_delta = 1}) + raw({.offset_delta = 0}), 2)));
  CHECK_FALSE(step(testing::make_batch(raw({.offset_delta = 0}) + raw({.offset_delta = 7}), 2)));
  CHECK_FALSE(step(testing::make_batch(raw({.offset_delta = -1}), 1)));
  CHECK_FALSE(step(testing::make_batch(raw({}), 2)));
  CHECK_FALSE(
      step(testing::make_batch("", 1, codec::none, [](batch_header& h) { h.attributes = 7; })));
}

TEST_CASE("of an aborted transaction nothing stays, whatever the keys") {
  filtering f;
  const auto batch = some_batch({.producer = producer_id(9),
                                 .epoch = producer_epoch(2),
                                 .base_sequence = 1,
                                 .transactional = true});
  f.rules.aborted = true;
  CHECK(f(batch).fate == batch_fate::dropped);
  f.rules.keep_header = true;
  const auto left = f(batch);
  CHECK(left.fate == batch_fate::emptied);
  const auto h = *read_batch_header(left.batch);
  CHECK(h.transactional());
  CHECK(h.record_count == 0);
  CHECK(h.last_sequence() == 6);
  // What was not looked at stays.
  f.rules.end = offset(100);
  CHECK(f(batch).fate == batch_fate::same);
}

TEST_CASE("a marker goes a while after the last of its transaction") {
  filtering f;
  const auto batch =
      make_marker(marker::abort, offset(100), 3, some_time, producer_id(9), producer_epoch(2), 77);
  CHECK(f(batch).fate == batch_fate::same);
  f.rules.marker_alone = true;
  const auto left = f(batch);
  CHECK(left.fate == batch_fate::rewritten);
  CHECK(left.kept == 1);
  const auto h = *read_batch_header(left.batch);
  CHECK(h.control());
  CHECK(h.transactional());
  CHECK(h.has_delete_horizon());
  CHECK(h.base_timestamp == f.rules.now + f.rules.tombstone_ms);
  CHECK(h.max_timestamp == some_time);
  CHECK(h.base_offset == offset(100));
  CHECK(h.epoch == producer_epoch(2));
  const auto seen = read_marker(h, left.batch);
  REQUIRE((seen && *seen));
  CHECK((*seen)->kind == marker::abort);
  CHECK((*seen)->coordinator_epoch == 77);

  CHECK(f(left.batch).fate == batch_fate::same);
  f.rules.now = h.base_timestamp;
  f.rules.keep_header = true;
  CHECK(f(left.batch).fate == batch_fate::same);
  f.rules.keep_header = false;
  f.rules.marker_alone = false;
  CHECK(f(left.batch).fate == batch_fate::same);
  f.rules.marker_alone = true;
  CHECK(f(left.batch).fate == batch_fate::dropped);
}

TEST_CASE("a marker that has not as many records as its header says is refused") {
  filtering f;
  f.rules.marker_alone = true;
  const auto batch =
      make_marker(marker::abort, offset(100), 3, some_time, producer_id(9), producer_epoch(2), 77);
  auto header = *read_batch_header(batch);
  for (const std::int32_t lie : {-1, 2}) {
    header.record_count = lie;
    const auto lying =
        assemble_batch(header, batch.slice(batch_header_size, batch.size() - batch_header_size));
    batch_filter filter(header, lying, f.rules);
    CHECK(!filter.step());
  }
}

}  // namespace
}  // namespace weir::record
