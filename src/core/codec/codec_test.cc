#include <catch2/catch_all.hpp>
#include <string>

#include "core/codec/counting_new.h"
#include "core/codec/error_code.h"
#include "core/codec/fetch.h"
#include "core/codec/frame.h"
#include "core/codec/heartbeat.h"
#include "core/codec/metadata.h"
#include "core/codec/produce.h"
#include "core/codec/stored/topic_created.h"
#include "core/codec/whole.h"

namespace weir::kafka {
namespace {

fragments body(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (hex[i] == ' ')
      --i;
    else
      out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return fragments::copy(out);
}

template <typename Message>
codec_error refusal(const fragments& from, std::int16_t version) {
  const auto decoded = decode_whole<Message>(from, version);
  REQUIRE_FALSE(decoded);
  return decoded.error();
}

TEST_CASE("what a heartbeat looks like on the wire") {
  heartbeat_request sent;
  sent.group_id = "g";
  sent.generation_id = 7;
  sent.member_id = "me";
  CHECK(encode_whole(sent, 0)->str() == body("0001 67 00000007 0002 6d65").str());
  CHECK(encode_whole(sent, 4)->str() == body("02 67 00000007 03 6d65 00 00").str());
  CHECK(*decode_whole<heartbeat_request>(body("02 67 00000007 03 6d65 00 00"), 4) == sent);
}

TEST_CASE("bad bytes give the error that names what is wrong") {
  using request = heartbeat_request;
  CHECK(refusal<request>(body("0001"), 0) == codec_error::truncated);
  CHECK(refusal<request>(body("ffff 00000007 0000"), 0) == codec_error::null_not_allowed);
  CHECK(refusal<request>(body("fffe 00000007 0000"), 0) == codec_error::bad_length);
  CHECK(refusal<request>(body("0001 67 00000007 0002 6d65 00"), 0) == codec_error::trailing_bytes);
  CHECK(refusal<request>(body("8080808080 01"), 4) == codec_error::bad_varint);
  CHECK(refusal<request>(body("ffffffff7f"), 4) == codec_error::bad_varint);
  CHECK(refusal<request>(body("00 00000007 01 00 00"), 4) == codec_error::null_not_allowed);
  CHECK(refusal<request>(body("ffffffff0f 00"), 4) == codec_error::bad_length);
  CHECK(refusal<request>(body("00"), 5) == codec_error::bad_version);
  const std::string before_tags = "02 67 00000007 03 6d65 00";
  CHECK(decode_whole<request>(body(before_tags + "02 05 00 06 01 aa"), 4));
  CHECK(refusal<request>(body(before_tags + "02 05 00 05 00"), 4) == codec_error::bad_tags);
  CHECK(refusal<request>(body(before_tags + "02 06 00 05 00"), 4) == codec_error::bad_tags);
  CHECK(refusal<request>(body(before_tags + "01 05 02 aa"), 4) == codec_error::truncated);
  CHECK(refusal<request>(body(before_tags + "ffffffff0f 00 00"), 4) == codec_error::truncated);
}

TEST_CASE("a known tagged field must fill its size") {
  fetch_request sent;
  sent.cluster_id = text("abc");
  const auto good = encode_whole(sent, 12)->str();
  const auto tags = body("01 00 04 04 616263").str();
  REQUIRE(good.ends_with(tags));
  const auto with = [&](std::string_view other) {
    return fragments::copy(good.substr(0, good.size() - tags.size()) + body(other).str());
  };
  CHECK(decode_whole<fetch_request>(with("01 00 04 04 616263"), 12)->cluster_id == text("abc"));
  CHECK(refusal<fetch_request>(with("01 00 05 04 616263 00"), 12) == codec_error::bad_tags);
  CHECK(refusal<fetch_request>(with("01 00 03 04 616263"), 12) == codec_error::truncated);
}

TEST_CASE("a value that a version can't carry is refused or dropped, as declared") {
  heartbeat_request sent;
  sent.group_instance_id = text("i");
  CHECK(encode_whole(sent, 3));
  CHECK(encode_whole(sent, 2).error() == codec_error::not_in_version);
  heartbeat_response answer;
  answer.throttle_time_ms = 5;
  CHECK(encode_whole(answer, 0)->str() == body("0000").str());
  metadata_request all;
  all.topics.reset();
  CHECK(encode_whole(all, 0).error() == codec_error::null_not_allowed);
  heartbeat_request tagged;
  tagged.unknown.add(3, bytes::copy("x"));
  CHECK(encode_whole(tagged, 4));
  CHECK(encode_whole(tagged, 3).error() == codec_error::not_in_version);
  heartbeat_request wordy;
  wordy.group_id = text(std::string(40000, 'x'));
  CHECK(encode_whole(wordy, 4).error() == codec_error::bad_length);
}

TEST_CASE("records and strings share the frame's memory") {
  produce_request sent;
  auto& part = sent.topic_data.emplace_back().partition_data.emplace_back();
  sent.topic_data[0].name = "a topic";
  const auto batch = bytes::copy(std::string(300'000, 'r'));
  part.records = fragments(batch);
  const auto wire = encode_whole(sent, 9);
  REQUIRE(wire);
  const auto got = decode_whole<produce_request>(*wire, 9);
  REQUIRE(got);
  const auto& records = *got->topic_data[0].partition_data[0].records;
  REQUIRE(records.pieces().size() == 1);
  CHECK(records.pieces()[0].data() == batch.data());
  const auto name = got->topic_data[0].name.view();
  const auto first = wire->pieces()[0].view();
  CHECK((name.data() >= first.data() && name.data() < first.data() + first.size()));
}

std::string counted(std::size_t count) {
  char made[varint_size_max];
  return {made, put_uvarint(made, count + 1)};
}

// What decoding asked for, and whether it succeeded.
template <typename Message>
std::pair<std::size_t, std::optional<codec_error>> cost(const fragments& frame,
                                                        std::int16_t version) {
  const std::size_t before = bytes_asked_for;
  const auto got = decode_whole<Message>(frame, version);
  const std::size_t taken = bytes_asked_for - before;
  return {taken, got ? std::nullopt : std::optional(got.error())};
}

TEST_CASE("counts that the frame can't keep take no memory") {
  // Topics of one byte each would fit the frame, and take far more than it in memory.
  std::string hostile = body("00 0001 00000000").str() + counted(90'000) + '\1' + counted(90'000);
  hostile.resize(100'000, '\1');
  const auto frame = fragments::copy(hostile);
  for (std::int16_t version = 9; version <= 13; ++version) {
    const auto [taken, error] = cost<produce_request>(frame, version);
    CHECK(error == codec_error::too_much_memory);
    CHECK(taken <= reader::memory_floor + reader::memory_factor * frame.size());
  }
  const auto [taken, error] = cost<produce_request>(body("00 0001 00000000 ffffffff07 01 02"), 9);
  CHECK(error == codec_error::truncated);
  CHECK(taken == 0);
}

TEST_CASE("many small elements and unknown tags stay within the bound") {
  std::string small = body("00000000 01 00 00000000").str() + counted(10'000);
  for (int i = 0; i < 10'000; ++i) small += body("0000 01 00 01 00000000 00").str();
  small += body("00000000 00").str();
  const auto topics = fragments::copy(small);
  const auto [taken, error] = cost<metadata_response>(topics, 9);
  CHECK_FALSE(error);
  CHECK(taken > small.size());
  CHECK(taken <= reader::memory_floor + reader::memory_factor * small.size());

  std::string tagged = body("01 00000000 01 00").str() + counted(9'999);
  for (unsigned i = 0; i < 10'000; ++i) tagged += counted(i + 999) + '\0';
  const auto [tags_taken, tags_error] = cost<heartbeat_request>(fragments::copy(tagged), 4);
  CHECK(tags_error == codec_error::too_much_memory);
  CHECK(tags_taken <= reader::memory_floor + reader::memory_factor * tagged.size());
}

TEST_CASE("a large answer is made of blocks of bounded size") {
  metadata_response answer;
  for (int i = 0; i < 30'000; ++i) {
    answer.topics.emplace_back().name = text("topic-" + std::to_string(i));
  }
  largest_asked_for = 0;
  const auto wire = encode_whole(answer, 9);
  REQUIRE(wire);
  CHECK(wire->size() == answer.encoded_size(9));
  CHECK(wire->size() > 400'000);
  CHECK(largest_asked_for <= 128 * 1024);
  largest_asked_for = 0;
  const auto got = decode_whole<metadata_response>(*wire, 9);
  REQUIRE(got);
  CHECK(largest_asked_for <= 128 * 1024);
  CHECK(*got == answer);
}

TEST_CASE("headers follow the API and its version") {
  CHECK(request_header_version(18, 2) == 1);
  CHECK(request_header_version(18, 3) == 2);
  CHECK(request_header_version(18, 99) == 2);  // a newer client asking what is supported
  CHECK(request_header_version(17, 1) == 1);
  CHECK(request_header_version(4711, 0) == 1);
  CHECK(response_header_version(18, 3) == 0);
  CHECK(response_header_version(3, 9) == 1);
  CHECK(response_header_version(3, 8) == 0);
  heartbeat_response answer;
  CHECK(response_frame(77, answer, 0)->str() == body("00000006 0000004d 0000").str());
  CHECK(response_frame(77, answer, 4)->str() ==
        body("0000000c 0000004d 00 00000000 0000 00").str());
  CHECK(frame_size(body("0000000c").str(), 100) == 12);
  CHECK(frame_size(body("0000000c").str(), 11).error() == codec_error::bad_length);
  CHECK(frame_size(body("80000000").str(), 100).error() == codec_error::bad_length);
}

TEST_CASE("the table of APIs") {
  REQUIRE(find_api(0));
  CHECK(find_api(0)->name == "Produce");
  CHECK(find_api(0)->version_min == 3);
  CHECK(find_api(0)->version_max == 13);
  CHECK(find_api(74)->name == "ListConfigResources");
  CHECK_FALSE(find_api(4));
  CHECK_FALSE(find_api(-1));
  CHECK_FALSE(find_api(17)->flexible(1));
}

TEST_CASE("error codes") {
  CHECK(to_string(error_code::none) == "NONE");
  CHECK(static_cast<int>(error_code::unsupported_version) == 35);
  CHECK(to_string(error_code::unsupported_version) == "UNSUPPORTED_VERSION");
  CHECK(describe(error_code::not_leader_or_follower).retriable);
  CHECK_FALSE(describe(error_code::invalid_topic_exception).retriable);
  CHECK(to_string(static_cast<error_code>(31000)) == "UNKNOWN_SERVER_ERROR");
  for (int code = -1; code < 120; ++code) {
    const auto& entry = describe(static_cast<error_code>(code));
    CHECK((entry.code == static_cast<error_code>(code) ||
           entry.code == error_code::unknown_server_error));
  }
}

TEST_CASE("stored records speak the same grammar") {
  stored::topic_created made;
  made.name = "orders";
  made.topic_id = {1, 2};
  made.partitions.emplace_back().replicas.push_back(5);
  const auto wire = encode_whole(made, 0);
  REQUIRE(wire);
  CHECK(*decode_whole<stored::topic_created>(*wire, 0) == made);
  CHECK(wire->size() == made.encoded_size(0));
}

}  // namespace
}  // namespace weir::kafka
