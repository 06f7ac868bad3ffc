// Batches made by other people's code: fetched from Apache Kafka 4.3.1, byte for byte. kafka_* were
// packed by the broker (Java codecs) for topics with that compression.type, rdkafka_* by
// librdkafka.
#include <catch2/catch_all.hpp>

#include "core/record/record_reader.h"
#include "core/record/test_bytes.h"
#include "core/record/validate.h"

namespace weir::record {
namespace {

using testing::from_hex;
using testing::in_pieces;

constexpr std::string_view kafka_gzip =
    "0000000000000000000000cb00000000022d34f3000001000000030000018bcfe568000000018bcf"
    "e56809ffffffffffffffffffffffffffff000000041f8b08000000000000ffedc9b10dc2301000c0"
    "b7655c44549488251829016323101d48744cc19ed90006b9ea8a3b4444bdb5f7f49aefcf16fb9872"
    "4a258f7ccc8fb48d4df9ff772db1ab75b9f6cf5ae6e5746e973e4892244992244992244992244992"
    "24499224499224499224499224499224499224499224499224499224499224499224499224499224"
    "49922449f6113ff0ea4e84729c0000";

constexpr std::string_view kafka_snappy =
    "0000000000000000000007e800000000024c8cdf610002000000030000018bcfe568000000018bcf"
    "e56809ffffffffffffffffffffffffffff0000000482534e41505059000000000100000001000006"
    "3c808002e01c000000066b65790a76616c7565001a000a0201010402680231026e010c0005040000"
    "0096f1040012060662696780f1046162636465666768fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08000d08000001"
    "63f2381c6861626364656667fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800"
    "fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe"
    "0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe08"
    "00fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800fe0800a208000000";

constexpr std::string_view kafka_lz4 =
    "0000000000000000000001200000000002d19302db0003000000030000018bcfe568000000018bcf"
    "e56809ffffffffffffffffffffffffffff0000000404224d18604082e0000000ff2a1c000000066b"
    "65790a76616c7565001a000a0201010402680231026e010c00050400000096f10400120606626967"
    "80f10461626364656667680800ffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "ffffffffffffffffffbd50656667680000000000";

constexpr std::string_view kafka_zstd =
    "00000000000000000000008000000000026bfbbee90004000000030000018bcfe568000000018bcf"
    "e56809ffffffffffffffffffffffffffff0000000428b52ffd00581c0200a4031c000000066b6579"
    "0a76616c7565001a000a0201010402680231026e010c00050400000096f1040012060662696780f1"
    "04616263646566676800010059c3995ea0010000";

constexpr std::string_view rdkafka_none =
    "0000000000000000000001250000000002fa8300ee0000000000070000018bcfe568000000018bcf"
    "e56807ffffffffffffffffffffffffffff000000083a000000046b302a7765697220776569722077"
    "656972207765697220300042000202046b312a776569722077656972207765697220776569722031"
    "02026802783a000404046b322a776569722077656972207765697220776569722032003a00060604"
    "6b332a776569722077656972207765697220776569722033003a000808046b342a77656972207765"
    "6972207765697220776569722034003a000a0a046b352a7765697220776569722077656972207765"
    "69722035003a000c0c046b362a776569722077656972207765697220776569722036003a000e0e04"
    "6b372a77656972207765697220776569722077656972203700";

constexpr std::string_view rdkafka_gzip =
    "00000000000000000000009d000000000272a3f18c0001000000070000018bcfe568000000018bcf"
    "e56807ffffffffffffffffffffffffffff000000081f8b08000000000000036dca3b0a80301045d1"
    "c7f00841246bb0b652f38394ee4550a6b3d1e59b5aa6b9cdb90d0075999fe3baa75f16ec10a1aea6"
    "ae22a7bc0d2475338f0d0dce51a3a9b1abf7d4646aea3a0cd46c6aee3a8ed4626ae91a02b59a5af1"
    "0198a8bccdf4000000";

constexpr std::string_view rdkafka_snappy =
    "0000000000000000000000a90000000002c2325bf50002000000070000018bcfe568000000018bcf"
    "e56807ffffffffffffffffffffffffffff00000008f401303a000000046b302a77656972203a0500"
    "20300042000202046b31521e00303102026802783a000404046b325222002032003a000606046b33"
    "521e002033003a000808046b34521e002434003a000a0a046b352a3a9500050f2035003a000c0c04"
    "6b36521e002036003a000e0e046b37521e00043700";

constexpr std::string_view rdkafka_lz4 =
    "0000000000000000000000b4000000000256d57fd10003000000070000018bcfe568000000018bcf"
    "e56807ffffffffffffffffffffffffffff0000000804224d1860408274000000db3a000000046b30"
    "2a776569722005009f300042000202046b311e0002df3102026802783a000404046b322200029f32"
    "003a000606046b331e00029f33003a000808046b341e00029f34003a000a0a046b351e00029f3500"
    "3a000c0c046b361e00029e36003a000e0e046b371e0050697220370000000000";

constexpr std::string_view rdkafka_zstd =
    "00000000000000000000009600000000024c8c0c840004000000070000018bcfe568000000018bcf"
    "e5680700000000000000000000000000000000000828b52ffd0058e502002205111880b7e9385866"
    "30cc40807c66ffff591e40469408917648012f4ba9d4b7a294297d274989d0378294e77c1f4769cc"
    "b76194e477b08159519466075e448120300056f95f0800e03be03be03be03b417d4751df0fea3bd0"
    "952f";

constexpr std::size_t unpacked_max = 1 << 20;

std::vector<record> read_all(const fragments& batch) {
  const auto header = read_batch_header(batch);
  REQUIRE(header);
  record_reader reader(*header, batch, unpacked_max);
  std::vector<record> all;
  while (true) {
    record one;
    const auto found = reader.next(one);
    REQUIRE(found);
    if (!*found) return all;
    all.push_back(std::move(one));
  }
}

void check_kafka_records(const std::vector<record>& all) {
  constexpr std::int64_t base = 1'700'000'000'000;
  REQUIRE(all.size() == 4);
  CHECK(all[0].key->view() == "key");
  CHECK(all[0].value->str() == "value");
  CHECK(all[0].headers.empty());
  CHECK(all[1].time == timestamp(base + 5));
  CHECK(!all[1].key);
  CHECK(!all[1].value);
  REQUIRE(all[1].headers.size() == 2);
  CHECK(all[1].headers[0].key.view() == "h");
  CHECK(all[1].headers[0].value->view() == "1");
  CHECK(all[1].headers[1].key.view() == "n");
  CHECK(!all[1].headers[1].value);
  CHECK(all[2].time == timestamp(base - 3));
  REQUIRE(all[2].key);
  CHECK(all[2].key->empty());
  REQUIRE(all[2].value);
  CHECK(all[2].value->empty());
  CHECK(all[3].offset == offset(3));
  CHECK(all[3].key->view() == "big");
  std::string big;
  for (int i = 0; i < 5000; ++i) big += "abcdefgh";
  CHECK(all[3].value->str() == big);
}

void check_rdkafka_records(const std::vector<record>& all) {
  REQUIRE(all.size() == 8);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].key->view() == fmt::format("k{}", i));
    CHECK(all[i].value->str() == fmt::format("weir weir weir weir {}", i));
    CHECK(all[i].time == timestamp(1'700'000'000'000 + static_cast<std::int64_t>(i)));
    CHECK(all[i].headers.size() == (i == 1 ? 1 : 0));
  }
}

TEST_CASE("batches of other implementations are read in any pieces") {
  const std::size_t piece = GENERATE(1, 2, 7, 61, 100, 5000);
  CAPTURE(piece);
  for (const auto hex : {kafka_gzip, kafka_snappy, kafka_lz4, kafka_zstd}) {
    check_kafka_records(read_all(in_pieces(from_hex(hex), piece)));
  }
  for (const auto hex : {rdkafka_none, rdkafka_gzip, rdkafka_snappy, rdkafka_lz4, rdkafka_zstd}) {
    check_rdkafka_records(read_all(in_pieces(from_hex(hex), piece)));
  }
}

TEST_CASE("their CRCs match and they pass validation unchanged") {
  for (const auto hex : {rdkafka_none, rdkafka_gzip, rdkafka_snappy, rdkafka_lz4, rdkafka_zstd,
                         kafka_gzip, kafka_snappy, kafka_lz4, kafka_zstd}) {
    const auto all = in_pieces(from_hex(hex), 50);
    const auto taken = take_produced_batch(all, 9);
    REQUIRE(taken);
    CHECK(batch_crc(all, 0, all.size()) == taken->header.crc);
    const auto stored = validate(*taken, {.partition = "t-0", .now = testing::some_time});
    REQUIRE(stored);
    CHECK(stored->all == all);
    CHECK(stored->max_timestamp == taken->header.max_timestamp);
  }
}

TEST_CASE("the header fields of an idempotent producer's batch") {
  const auto header = *read_batch_header(fragments::copy(from_hex(rdkafka_zstd)));
  CHECK(header.compression() == codec::zstd);
  CHECK(header.has_producer());
  CHECK(header.epoch == producer_epoch(0));
  CHECK(header.base_sequence == 0);
  CHECK(header.last_sequence() == 7);
  CHECK(header.next_offset() == offset(8));
}

}  // namespace
}  // namespace weir::record
