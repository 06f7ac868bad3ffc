#pragma once
// Room core/peer: what brokers say to each other, as bytes (docs/formats/peer.md). This header has
// the frame around every message. Others: raft_pack (messages of many groups in one frame),
// messages (all others, declared in decl/peer), handshake (whether two brokers may talk).
//
// Invariants: a frame's sizes are checked against the receiver's limits before anything is
// allocated for them, and its header has a checksum of its own, so that a damaged size is never
// believed. Nothing that comes from a peer is trusted: it gets an error, never a check.
#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/fragments.h"

namespace weir::peer {

enum class message_kind : std::uint8_t {
  hello = 1,
  welcome = 2,
  raft_pack = 3,
  beat = 4,
  call = 5,
  call_answer = 6,
  raft_taken = 7,
  snapshot_begin = 8,
  snapshot_chunk = 9,
  snapshot_progress = 10,
};

enum class peer_error : std::uint8_t {
  bad_header,      // its checksum is wrong: damaged, or not a peer at all
  newer_layout,    // of the frame: nothing behind it can be understood
  unknown_kind,    // not a message of this version
  too_large,       // beyond what this kind may have, or the receiver takes
  bad_checksum,    // the header is right, the message is not
  malformed,       // checksums are right, but it is not what its kind says
  not_in_version,  // of the protocol that was agreed on
};
std::string_view name(peer_error error);

inline constexpr std::size_t frame_header_size = 20;
// The part of a frame that is parsed; one allocation holds it.
inline constexpr std::uint32_t frame_head_max = 128U << 10;
// The part that is passed on as it is.
inline constexpr std::uint32_t frame_tail_max = 64U << 20;

struct frame_header {
  message_kind kind = message_kind::hello;
  std::uint32_t head_size = 0;
  std::uint32_t tail_size = 0;
  // CRC-32C of the head, and of the tail unless it brings checksums of its own (raft_pack).
  std::uint32_t crc = 0;

  [[nodiscard]] std::size_t body_size() const { return std::size_t{head_size} + tail_size; }
  bool operator==(const frame_header&) const = default;
};

// Of this connection, by its way and state: before hello very little is taken.
struct frame_limits {
  std::uint32_t head_max = frame_head_max;
  std::uint32_t tail_max = frame_tail_max;
};

std::array<char, frame_header_size> encode(const frame_header& header);
// Errors: bad_header, newer_layout, unknown_kind, too_large.
std::expected<frame_header, peer_error> decode_frame_header(
    std::array<char, frame_header_size> from, frame_limits limits);
// Whether `head` and `tail` are what the header's checksum says. Their sizes are (checked).
std::expected<void, peer_error> check_body(const frame_header& header, std::string_view head,
                                           const fragments& tail);

// A whole frame; the tail is shared.
fragments frame_of(message_kind kind, bytes head, const fragments& tail = {});

}  // namespace weir::peer
