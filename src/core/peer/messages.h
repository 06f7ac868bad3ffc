#pragma once
// The messages that decl/peer declares, as frames and back. Version 1 of the protocol has version 0
// of each; a later one says here which versions it has.
#include <expected>

#include "core/base/check.h"
#include "core/codec/peer/beat.h"
#include "core/codec/peer/call.h"
#include "core/codec/peer/call_answer.h"
#include "core/codec/peer/hello.h"
#include "core/codec/peer/raft_taken.h"
#include "core/codec/peer/snapshot_begin.h"
#include "core/codec/peer/snapshot_chunk.h"
#include "core/codec/peer/snapshot_progress.h"
#include "core/codec/peer/welcome.h"
#include "core/codec/whole.h"
#include "core/peer/frame.h"

namespace weir::peer {

inline constexpr std::int16_t protocol_version_min = 1;
inline constexpr std::int16_t protocol_version_max = 1;

// What a hello or a welcome may take: nothing else is read before they agreed.
inline constexpr frame_limits handshake_limits{.head_max = 1024, .tail_max = 0};

enum class way : std::int8_t { prompt = 0, bulk = 1 };

enum class call_status : std::int8_t {
  done = 0,
  timed_out = 1,       // the deadline passed at the receiver
  overloaded = 2,      // as many are being served as may be; it was not begun
  refused = 3,         // the receiver takes no calls, or is stopping; it was not begun
  unknown_method = 4,  // it was not begun
  failed = 5,          // the handler did
};

enum class snapshot_outcome : std::int8_t { more = 0, taken = 1, refused = 2 };

template <typename Message>
fragments frame_of(const Message& message, const fragments& tail = {}) {
  const auto head = kafka::encode_whole(message, 0);
  weir_check(head.has_value(), "peer message {} does not encode", Message::message_key);
  return frame_of(static_cast<message_kind>(Message::message_key),
                  head->contiguous(0, head->size()), tail);
}

// Strings of the message share the memory of `head`.
template <typename Message>
std::expected<Message, peer_error> decode_as(const bytes& head) {
  auto message = kafka::decode_whole<Message>(fragments(head), 0);
  if (!message) return std::unexpected(peer_error::malformed);
  return *std::move(message);
}

}  // namespace weir::peer
