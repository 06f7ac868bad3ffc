// The records as docs/formats/transaction-records.md has them.
#include "core/transaction/record.h"

#include <catch2/catch_all.hpp>
#include <string>

#include "core/transaction/coordinator_test.h"
#include "core/transaction/transitions.h"

namespace weir::transaction {
namespace {

fragments of_hex(std::string_view words) {
  std::string hex;
  for (const char c : words) {
    if (std::isxdigit(static_cast<unsigned char>(c))) hex.push_back(c);
  }
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    raw.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return fragments::copy(raw);
}

transaction prepared_one() {
  transaction t{};
  t.producer = producer_id(100);
  t.previous_producer = producer_id(100);
  t.epoch = producer_epoch(1);
  t.timeout_ms = 60'000;
  t.state = transaction_state::prepare_commit;
  t.partitions = {at("t", 0), at("t", 2)};
  t.updated = timestamp(0x18bcfe56801);
  t.started = timestamp(0x18bcfe56800);
  t.client_version = 2;
  return t;
}

constexpr std::string_view key_bytes = "0000 0001 61";
constexpr std::string_view prepared_bytes =
    "0001 0000000000000064 0001 0000ea60 02"
    "02 02 74 03 00000000 00000002 00"
    "0000018bcfe56801 0000018bcfe56800"
    "02 00 08 0000000000000064 02 02 0002";

TEST_CASE("a record of version 1, byte for byte") {
  CHECK(encode_key("a") == of_hex(key_bytes));
  CHECK(decode_key(of_hex(key_bytes)) == "a");
  CHECK(encode_value(prepared_one()) == of_hex(prepared_bytes));
  CHECK(decode_value(of_hex(prepared_bytes)) == prepared_one());
}

TEST_CASE("what has no partitions says so in two ways") {
  auto t = prepared_one();
  t.partitions.clear();
  t.state = transaction_state::empty;
  t.client_version = 0;
  t.next_producer = producer_id(5);
  CHECK(encode_value(t) == of_hex("0001 0000000000000064 0001 0000ea60 00 00"
                                  "0000018bcfe56801 0000018bcfe56800"
                                  "02 00 08 0000000000000064 01 08 0000000000000005"));
  CHECK(decode_value(encode_value(t)) == t);
  t.state = transaction_state::complete_abort;
  CHECK(encode_value(t).str()[17] == 1);  // an empty array, not null
  CHECK(decode_value(encode_value(t)) == t);
}

TEST_CASE("a record of version 0 is read") {
  auto t = prepared_one();
  t.previous_producer = no_producer_id;
  t.client_version = 0;
  CHECK(decode_value(of_hex("0000 0000000000000064 0001 0000ea60 02"
                            "00000001 0001 74 00000002 00000000 00000002"
                            "0000018bcfe56801 0000018bcfe56800")) == t);
}

TEST_CASE("what can't be read is refused, and what is none of ours is let be") {
  using kafka::codec_error;
  CHECK(decode_key(of_hex("00")).error() == codec_error::truncated);
  CHECK(decode_key(of_hex("0000 0002 61")).error() == codec_error::truncated);
  CHECK(decode_key(of_hex("0001 0001 61")) == std::nullopt);
  CHECK(decode_value(of_hex("0002 0000")).error() == codec_error::bad_version);
  CHECK(decode_value(of_hex("")).error() == codec_error::truncated);
  auto t = prepared_one();
  for (const std::int8_t state : {6, 7, 8, -1}) {
    t.state = static_cast<transaction_state>(state);
    CHECK(decode_value(encode_value(t)).error() == codec_error::bad_version);
  }

  transaction_coordinator c(1, {});
  CHECK(c.apply(of_hex("0001 0001 61"), of_hex("0002")));
  CHECK(c.size() == 0);
  CHECK_FALSE(c.apply(of_hex(key_bytes), of_hex("0002")));
  CHECK(c.apply(of_hex(key_bytes), of_hex(prepared_bytes)));
  CHECK(c.size() == 1);
  CHECK(c.apply(of_hex(key_bytes), std::nullopt));
  CHECK(c.apply(of_hex(key_bytes), std::nullopt));
  CHECK(c.size() == 0);
}

TEST_CASE("what replay knows of the epoch before") {
  const auto t = prepared_one();
  CHECK(last_epoch_after({}, t) == producer_epoch(0));
  auto done = completed(t, timestamp(9));
  CHECK(last_epoch_after({}, done) == producer_epoch(0));
  done.client_version = 0;
  CHECK(last_epoch_after({}, done) == no_producer_epoch);
  auto before = done;
  before.last_epoch = producer_epoch(0);
  CHECK(last_epoch_after(before, done) == producer_epoch(0));
  before.epoch = producer_epoch(4);
  CHECK(last_epoch_after(before, done) == no_producer_epoch);
  auto used_up = t;
  used_up.epoch = last_epoch_there_is;
  used_up.next_producer = producer_id(8);
  CHECK(last_epoch_after({}, used_up) == no_producer_epoch);
  CHECK(last_epoch_after({}, completed(used_up, timestamp(9))) == last_epoch_of_clients);
}

}  // namespace
}  // namespace weir::transaction
