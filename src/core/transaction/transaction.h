#pragma once
// What a coordinator knows of one transactional id, and survives a crash: one record of
// `__transaction_state` (docs/formats/transaction-records.md). All members but `last_epoch` are in
// the record.
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/ids.h"

namespace weir::transaction {

// The numbers are those of the record.
enum class transaction_state : std::int8_t {
  empty = 0,            // the id has a producer, and no transaction yet
  ongoing = 1,          // partitions were added
  prepare_commit = 2,   // decided: markers are on their way
  prepare_abort = 3,    // the same
  complete_commit = 4,  // all markers are written
  complete_abort = 5,
  dead = 6,                 // never stored: the id is forgotten in one step
  prepare_epoch_fence = 7,  // never stored: fencing and the abort that follows are one step
};
inline constexpr std::int8_t transaction_state_count = 8;

// As Kafka spells it, in DescribeTransactions and ListTransactions.
std::string_view to_string(transaction_state state);
std::optional<transaction_state> parse_transaction_state(std::string_view name);

struct topic_partition {
  std::string topic;
  partition_id partition;
  auto operator<=>(const topic_partition&) const = default;
};
using partition_set = std::set<topic_partition>;

// How a client (or, where nobody asked, the cluster) ends transactions.
inline constexpr std::int16_t classic_transactions = 0;       // the epoch stays
inline constexpr std::int16_t epoch_bumped_transactions = 2;  // KIP-890: each gets the next epoch

// No client gets an epoch above the second: the last one is for fencing whoever has it.
inline constexpr producer_epoch last_epoch_there_is{std::numeric_limits<std::int16_t>::max()};
inline constexpr producer_epoch last_epoch_of_clients = last_epoch_there_is - std::int16_t{1};

struct transaction {
  producer_id producer = no_producer_id;
  producer_id previous_producer = no_producer_id;
  // Prepared with the last epoch: the transaction that follows has this producer id, and epoch 0.
  producer_id next_producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  std::int32_t timeout_ms = 0;
  transaction_state state = transaction_state::empty;
  partition_set partitions{};
  timestamp updated = no_timestamp;
  timestamp started = no_timestamp;
  std::int16_t client_version = classic_transactions;  // of the request that made this state

  // The epoch before `epoch`, if it belonged to the same client and a repeated InitProducerId with
  // it may be answered (KIP-360). Not in the record: after a change of leaders it is known only
  // where it follows from the rest, else such a client is fenced. As in Kafka.
  producer_epoch last_epoch = no_producer_epoch;

  [[nodiscard]] bool prepared() const {
    return state == transaction_state::prepare_commit || state == transaction_state::prepare_abort;
  }
  [[nodiscard]] bool complete() const {
    return state == transaction_state::complete_commit ||
           state == transaction_state::complete_abort;
  }
  // Nothing is open: it may expire.
  [[nodiscard]] bool idle() const { return state == transaction_state::empty || complete(); }
  [[nodiscard]] bool epoch_exhausted() const { return epoch >= last_epoch_of_clients; }
  [[nodiscard]] bool bumps_epochs() const { return client_version >= epoch_bumped_transactions; }
  // A distributed transaction (KIP-939): it ends when its owner says so.
  [[nodiscard]] bool never_times_out() const {
    return timeout_ms == std::numeric_limits<std::int32_t>::max();
  }
  bool operator==(const transaction&) const = default;
};

// From one time to another; times of a foreign log may be anything.
std::int64_t ms_between(timestamp from, timestamp to);

// Whether both are the same as far as the record goes.
bool same_record(transaction a, const transaction& b);

}  // namespace weir::transaction
