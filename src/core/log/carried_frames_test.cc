#include "core/log/carried_frames.h"

#include <catch2/catch_all.hpp>

namespace weir::log {
namespace {

frame_head head_of(std::uint64_t index, const fragments& body) {
  return {.kind = frame_kind::command,
          .body_size = static_cast<std::uint32_t>(body.size()),
          .body_crc = body_crc(body),
          .term = term(3),
          .index = log_index(index),
          .base_offset = offset(static_cast<std::int64_t>(index)),
          .offset_count = 1,
          .append_time = timestamp(1700000000000)};
}

TEST_CASE("frames arrive as they left") {
  fragments sent;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto body = fragments::copy(std::string(i * 10, 'x'));
    auto head = head_of(i, body);
    head.unflushed_before = 77;  // of the sender's file
    carry(sent, head, body);
  }
  const auto got = take_carried(sent, 3);
  REQUIRE(got);
  REQUIRE(got->size() == 3);
  CHECK((*got)[2].head == head_of(3, fragments::copy(std::string(30, 'x'))));
  CHECK((*got)[2].body.size() == 30);
  CHECK(take_carried(sent, 2).error() == log_error::bad_field);
  const auto bytes = sent.str();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    CHECK_FALSE(take_carried(fragments::copy(damaged), 3));
  }
  CHECK(take_carried(fragments::copy(bytes.substr(0, bytes.size() - 1)), 3).error() ==
        log_error::cut_off);
  CHECK(take_carried({}, 0)->empty());
}

TEST_CASE("votes are not carried") {
  const auto body = encode(vote{.term = term(3), .voted_for = node_id(1)});
  const auto piece = fragments::copy({body.data(), body.size()});
  auto head = head_of(1, piece);
  head.kind = frame_kind::vote;
  head.offset_count = 0;
  fragments sent;
  carry(sent, head, piece);
  CHECK(take_carried(sent, 1).error() == log_error::bad_field);
}

TEST_CASE("a carried state is whole or refused") {
  const carried_state state{.next_offset = offset(12), .producers = fragments::copy("producers")};
  const auto sent = encode(state).str();
  CHECK(decode_carried_state(fragments::copy(sent)) == state);
  auto more = state;
  more.summary = fragments::copy("summary");
  const auto whole = encode(more).str();
  CHECK(decode_carried_state(fragments::copy(whole)) == more);
  for (std::size_t i = 0; i < whole.size(); ++i)
    CHECK_FALSE(decode_carried_state(fragments::copy(whole.substr(0, i))));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    auto damaged = sent;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(decode_carried_state(fragments::copy(damaged)));
    CHECK_FALSE(decode_carried_state(fragments::copy(sent.substr(0, i))));
  }
}

}  // namespace
}  // namespace weir::log
