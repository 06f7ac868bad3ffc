// What Apache Kafka 4.3.1 answers to Produce version 8 with these bytes, observed case by case.
#include "core/record/batches.h"

#include <catch2/catch_all.hpp>

#include "core/base/endian.h"
#include "core/record/test_bytes.h"

namespace weir::record {
namespace {

using testing::in_pieces;
using testing::make_batch;
using testing::raw;

const std::string good = make_batch(raw({})).all.str();

std::string with_magic(int magic) {
  std::string bad = good;
  bad[16] = static_cast<char>(magic);
  return bad;
}
std::string with_length(std::int32_t length) {
  std::string bad = good;
  store_be(bad.data() + 8, length);
  return bad;
}

struct answer {
  std::string sent;
  std::optional<produce_fault> fault;
  std::string message = {};
};

TEST_CASE("the one batch of a produce request") {
  using enum produce_fault;
  const std::vector<answer> answers = {
      {good, std::nullopt},
      {"", invalid_record},
      {good.substr(0, good.size() - 1), invalid_record},
      {good.substr(0, 16), invalid_record},
      {good.substr(0, 11), invalid_record},
      {good.substr(0, 30), invalid_record},
      {good + good, invalid_record},
      {good + "12345", std::nullopt},
      {good + good.substr(0, 40), std::nullopt},
      {good + std::string(12, '\0'), corrupt_message},
      {good + with_magic(3), corrupt_message},
      {with_magic(0), invalid_record},
      {with_magic(1), invalid_record},
      {with_magic(3), corrupt_message, "Invalid magic found in record: 3"},
      {with_magic(-1), corrupt_message, "Invalid magic found in record: -1"},
      {with_length(13), corrupt_message,
       "Record size 13 is less than the minimum record overhead (14)"},
      {with_length(-1), corrupt_message,
       "Record size -1 is less than the minimum record overhead (14)"},
      {with_length(14), corrupt_message},
      {with_length(48), corrupt_message},
      {with_length(1 << 30), invalid_record},
  };
  const std::size_t piece = GENERATE(1, 13, 1000);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    const auto taken = take_produced_batch(in_pieces(answers[i].sent, piece), 8);
    REQUIRE(taken.has_value() == !answers[i].fault);
    if (taken) {
      CHECK(taken->all.str() == good);
      continue;
    }
    CHECK(taken.error().fault == *answers[i].fault);
    CHECK(taken.error().message == answers[i].message);
    CHECK(!taken.error().reason.empty());
  }
}

TEST_CASE("zstd needs version 7 of Produce") {
  const auto packed = make_batch(raw({}), 1, codec::zstd).all;
  CHECK(take_produced_batch(packed, 6).error().fault == produce_fault::unsupported_compression);
  CHECK(take_produced_batch(packed, 7));
}

TEST_CASE("a walk gives every whole batch and says what is left") {
  const auto all =
      in_pieces(good + make_batch(raw({.value = "more"})).all.str() + good.substr(0, 33),
                GENERATE(1, 20, 1000));
  batch_walk walk(all);
  CHECK((*walk.next())->all.str() == good);
  CHECK((*walk.next())->header.record_count == 1);
  CHECK_FALSE(walk.next()->has_value());
  CHECK(walk.left() == 33);

  const auto old = in_pieces(with_magic(1), 9);
  CHECK(batch_walk(old).next().error() == record_error::old_magic);
  const auto bad = in_pieces(with_length(20), 9);
  CHECK(batch_walk(bad).next().error() == record_error::bad_length);
}

}  // namespace
}  // namespace weir::record
