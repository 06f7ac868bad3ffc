#pragma once
// What brokers ask each other beside Raft: the methods of peer calls, their payloads (decl/peer),
// and how what came of them travels.
#include <expected>

#include "core/base/check.h"
#include "core/codec/peer/broker_news.h"
#include "core/codec/peer/hand_over.h"
#include "core/codec/peer/hand_over_answer.h"
#include "core/codec/peer/join_cluster.h"
#include "core/codec/peer/join_cluster_answer.h"
#include "core/codec/peer/leader_news.h"
#include "core/codec/peer/propose.h"
#include "core/codec/peer/propose_answer.h"
#include "core/codec/peer/quorum_answer.h"
#include "core/codec/peer/who.h"
#include "core/codec/peer/who_answer.h"
#include "core/codec/whole.h"

namespace weir::calls {

enum method : std::int32_t {
  who = 1,
  join = 2,
  propose = 3,
  leader_news = 4,
  hand_over = 5,
  broker_news = 6,
  quorum = 7,
  // Between coordinators (engine/coordinator); the payloads are those of Kafka's WriteTxnMarkers
  // and AddPartitionsToTxn, in their last versions.
  write_markers = 8,
  verify_transactions = 9,
  partition_ends = 10,
  // The payloads are those of Kafka's APIs 83 to 87, in their last versions.
  initialize_share_state = 11,
  read_share_state = 12,
  write_share_state = 13,
  delete_share_state = 14,
  summarize_share_state = 15
};

// What a broker says of its device.
struct disk_news {
  std::uint64_t bytes = 0;
  std::uint64_t used = 0;
};

// Of `outcome` in answers: 0, done; 1, ask the leader of group 0, which this is not; 2, it may have
// been done or not; else 3 + command_error.
inline constexpr std::int8_t done = 0;
inline constexpr std::int8_t not_leader = 1;
inline constexpr std::int8_t unknown = 2;
inline constexpr std::int8_t first_error = 3;
// Of join alone: the node id that was asked for is another broker's.
inline constexpr std::int8_t id_taken = 100;

template <typename Message>
fragments encode(const Message& m) {
  auto out = kafka::encode_whole(m, Message::version_max);
  weir_check(out.has_value(), "peer message {} does not encode", Message::message_key);
  return *std::move(out);
}

// Fails where it is no such message: the caller then gets `failed`.
template <typename Message>
Message decode(const fragments& from) {
  auto m = kafka::decode_whole<Message>(from, Message::version_max);
  if (!m) throw std::runtime_error("a call's payload makes no sense");
  return *std::move(m);
}

}  // namespace weir::calls
