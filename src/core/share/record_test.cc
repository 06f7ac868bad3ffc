// The records as docs/formats/share-records.md has them, and Kafka 4.3 writes them.
#include "core/share/record.h"

#include <catch2/catch_all.hpp>
#include <string>

namespace weir::share {
namespace {

fragments of_hex(std::string_view words) {
  std::string hex;
  for (const char c : words) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) hex.push_back(c);
  }
  std::string raw;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    raw.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return fragments::copy(raw);
}

const share_partition some{"g", uuid{1, 2}, partition_id(3)};
const state_batches one{
    {.first = offset(8), .last = offset(9), .delivery_state = 2, .delivery_count = 1}};

TEST_CASE("share records, byte for byte") {
  const std::string name = "0001 67 0000000000000001 0000000000000002 00000003";
  CHECK(encode(snapshot_key{some}) == of_hex("0000" + name));
  CHECK(encode(update_key{some}) == of_hex("0001" + name));
  CHECK(std::get<snapshot_key>(decode_key(of_hex("0000" + name)).value()).of == some);
  CHECK(std::get<update_key>(decode_key(of_hex("0001" + name)).value()).of == some);

  const share_state s{.snapshot_epoch = 1,
                      .state_epoch = 2,
                      .leader_epoch = 3,
                      .start = offset(4),
                      .delivery_complete_count = 5,
                      .created = timestamp(6),
                      .written = timestamp(7),
                      .batches = one};
  const auto snapshot = of_hex(
      "0000 00000001 00000002 00000003 0000000000000004 0000000000000006 0000000000000007"
      "02 0000000000000008 0000000000000009 02 0001 00 01 00 04 00000005");
  CHECK(encode_snapshot(s) == snapshot);
  CHECK(decode_snapshot(snapshot) == s);

  const share_update u{.snapshot_epoch = 1,
                       .leader_epoch = 3,
                       .start = offset(4),
                       .delivery_complete_count = 5,
                       .batches = one};
  const auto update = of_hex(
      "0000 00000001 00000003 0000000000000004"
      "02 0000000000000008 0000000000000009 02 0001 00 01 00 04 00000005");
  CHECK(encode(u) == update);
  CHECK(decode_update(update) == u);
}

TEST_CASE("what can't be read is refused") {
  using kafka::codec_error;
  CHECK(std::holds_alternative<foreign_key>(decode_key(of_hex("0002 00")).value()));
  CHECK(decode_key(of_hex("00")).error() == codec_error::truncated);
  CHECK(decode_snapshot(of_hex("0001")).error() == codec_error::bad_version);
  CHECK(decode_update(of_hex("0000 00000001 00000003 0000000000000004"
                             "02 0000000000000009 0000000000000008 02 0001 00 00"))
            .error() == codec_error::bad_length);
}

}  // namespace
}  // namespace weir::share
