// The bytes of docs/formats/group-records.md, and records that a coordinator meets.
#include <catch2/catch_test_macros.hpp>

#include "core/codec/prefixed.h"
#include "core/group/group_world_test.h"
#include "core/group/record_type.h"

namespace weir::group {
namespace {

constexpr timestamp noon{1'700'000'000'000};

std::string unhex(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::string out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return out;
}

template <typename Message>
void check_bytes(const Message& m, std::int16_t version, const std::string& raw) {
  CHECK(kafka::encode_prefixed(m, version).str() == raw);
  const auto read = kafka::decode_prefixed<Message>(fragments::copy(raw));
  REQUIRE(read.has_value());
  CHECK(*read == m);
  // Cut anywhere it is nothing, and so it is with more behind it.
  for (std::size_t size = 0; size < raw.size(); ++size) {
    CHECK_FALSE(kafka::decode_prefixed<Message>(fragments::copy(raw.substr(0, size))));
  }
  CHECK_FALSE(kafka::decode_prefixed<Message>(fragments::copy(raw + "x")));
}

logged::offset_commit_value offset_42() {
  logged::offset_commit_value v;
  v.offset = 42;
  v.leader_epoch = 5;
  v.commit_timestamp = noon.value();
  return v;
}

TEST_CASE("worked bytes of an offset") {
  check_bytes(logged::offset_commit_key{"g", "t", 0}, 1, unhex("0001 0001 67 0001 74 00000000"));
  check_bytes(logged::offset_commit_key{"g", "t", 0}, 0, unhex("0000 0001 67 0001 74 00000000"));
  auto v = offset_42();
  check_bytes(v, 3, unhex("0003 000000000000002a 00000005 0000 0000018bcfe56800"));
  v.topic_id = {1, 2};
  check_bytes(v, 4,
              unhex("0004 000000000000002a 00000005 01 0000018bcfe56800 01 00 10 "
                    "0000000000000001 0000000000000002"));
  logged::offset_commit_value old;
  old.offset = 42;
  old.commit_timestamp = noon.value();
  check_bytes(old, 0, unhex("0000 000000000000002a 0000 0000018bcfe56800"));
  old.expire_timestamp = 1;
  check_bytes(old, 1, unhex("0001 000000000000002a 0000 0000018bcfe56800 0000000000000001"));
}

TEST_CASE("worked bytes of a group") {
  check_bytes(logged::group_metadata_key{"g"}, 2, unhex("0002 0001 67"));
  logged::group_metadata_value v;
  v.protocol_type = "consumer";
  v.generation = 1;
  v.protocol = "range";
  v.leader = "m";
  v.current_state_timestamp = noon.value();
  auto& m = v.members.emplace_back();
  m.member_id = "m";
  m.client_id = "c";
  m.client_host = "/h";
  m.rebalance_timeout = 60'000;
  m.session_timeout = 10'000;
  m.subscription = bytes::copy(std::string(2, '\0'));
  m.assignment = bytes::copy("a");
  check_bytes(v, 3,
              unhex("0003 0008 636f6e73756d6572 00000001 0005 72616e6765 0001 6d "
                    "0000018bcfe56800 00000001 0001 6d ffff 0001 63 0002 2f68 0000ea60 00002710 "
                    "00000002 0000 00000001 61"));
}

struct reading {
  group_settings settings;
  topics_of_test topics;
  coordinator c{settings, topics};

  std::optional<kafka::codec_error> apply(const std::string& key,
                                          const std::optional<std::string>& value) {
    const auto done = c.apply(fragments::copy(key),
                              value ? std::optional(fragments::copy(*value)) : std::nullopt, {});
    return done ? std::nullopt : std::optional(done.error());
  }
};

TEST_CASE("records of others are skipped, unreadable ones are not") {
  reading r;
  CHECK_FALSE(r.apply(unhex("0063 00"), "x"));
  CHECK_FALSE(r.apply(unhex("ffff"), std::nullopt));
  CHECK(r.apply("", "x") == kafka::codec_error::truncated);
  CHECK(r.apply(unhex("0001 00"), "x") == kafka::codec_error::truncated);
  CHECK(r.apply(unhex("0002 0001 67"), unhex("0005")) == kafka::codec_error::bad_version);
  CHECK(r.apply(unhex("0002 0001 67"), "") == kafka::codec_error::truncated);
  CHECK(r.apply(unhex("0001 0001 67 0001 74 00000000"), unhex("0003 00")) ==
        kafka::codec_error::truncated);
  CHECK_FALSE(r.apply(unhex("0002 0001 67"), std::nullopt));
  CHECK(r.c.same_stored(reading().c));
}

TEST_CASE("what old Kafkas wrote") {
  reading r;
  // An offset of type 0, and a group of version 0: no timestamps, no rebalance timeout.
  CHECK_FALSE(r.apply(unhex("0000 0001 67 0001 74 00000000"),
                      unhex("0000 000000000000002a 0000 0000018bcfe56800")));
  CHECK_FALSE(r.apply(unhex("0002 0001 67"),
                      unhex("0000 0008 636f6e73756d6572 00000007 0005 72616e6765 0001 6d 00000001 "
                            "0001 6d 0001 63 0002 2f68 00002710 00000000 00000001 61")));
  (void)r.c.loaded({0, noon});
  std::size_t seen = 0;
  r.c.for_each_offset([&](const committed_offset_view& o) {
    CHECK(o.at == offset(42));
    ++seen;
  });
  CHECK(seen == 1);
  request_context context;
  context.api_version = 4;
  const auto out = r.c.step(beat_of("m", 7), context);
  CHECK(std::get<kafka::heartbeat_response>(out.answers[0].second).error ==
        kafka::error_code::none);
  CHECK(r.c.next_deadline() == 10'000);
}

}  // namespace
}  // namespace weir::group
