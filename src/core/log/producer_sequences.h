#pragma once
// Idempotent producers of one partition: which batches were already appended (KIP-98, KIP-360).
// `check` before an append, `apply` when it was appended (not when durable: several batches may be
// in flight). The state is a fold of the log: the same frames applied again give the same state.
#include <array>
#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <optional>

#include "core/base/fragments.h"
#include "core/base/ids.h"
#include "core/log/errors.h"

namespace weir::log {

// A producer's claim in a batch's header.
struct sequence_range {
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  std::int32_t first = -1;         // 0 or more
  std::uint32_t record_count = 1;  // last offset delta + 1; at least 1
  // Sequences wrap from 2^31-1 to 0.
  [[nodiscard]] std::int32_t last() const;
};

enum class sequence_error : std::uint8_t {
  out_of_order,   // OUT_OF_ORDER_SEQUENCE_NUMBER
  invalid_epoch,  // INVALID_PRODUCER_EPOCH
  bad_sequence,   // negative sequence, epoch or producer id: INVALID_RECORD
};

// A batch that was appended before.
struct known_batch {
  std::int32_t first_sequence = 0;
  std::int32_t last_sequence = 0;
  offset base_offset{};
  offset last_offset{};
  log_index index{};
  timestamp append_time{};    // broker's clock
  timestamp max_timestamp{};  // of its records
  bool operator==(const known_batch&) const = default;
};

class producer_sequences {
 public:
  static constexpr std::size_t window = 5;  // batches remembered of each producer (as Kafka's)
  static constexpr std::size_t producer_memory = 448;  // bytes a producer costs, about
  static constexpr std::size_t producers_max_default = 10'000;

  // Above `producers_max` the producer whose last append is the oldest is forgotten; its next batch
  // is accepted whatever its sequence, as after expiry (KIP-360).
  explicit producer_sequences(std::size_t producers_max = producers_max_default);

  // Nothing: append it. A batch: it was appended already, answer with that one.
  [[nodiscard]] std::expected<std::optional<known_batch>, sequence_error> check(
      const sequence_range& claim) const;

  // The batch was appended. Indexes increase. `check` need not have been asked: recovery and
  // followers apply what the log says.
  void apply(const sequence_range& claim, const known_batch& appended);

  // Entries from `from` on are gone. False: batches were forgotten since that would count again, so
  // load a snapshot that covers less than `from`, apply the log after it, or start empty.
  [[nodiscard]] bool truncate(log_index from);
  // Forgets producers whose last append is at least `expiration_ms` old. Returns how many.
  std::size_t expire(timestamp now, std::int64_t expiration_ms);
  void clear();

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] std::size_t memory() const { return size() * producer_memory; }

  // Room for transactions (KIP-98, KIP-890): kept in snapshots, decided on by nobody yet.
  struct producer_state {
    producer_id id = no_producer_id;
    producer_epoch epoch = no_producer_epoch;
    std::uint8_t count = 0;  // batches in use, oldest first
    std::array<known_batch, window> batches{};
    log_index forgot_at{};  // the append that last pushed a batch out
    timestamp last_append{};
    std::int32_t coordinator_epoch = -1;
    offset transaction_start = no_offset;  // first offset of the open transaction
    bool operator==(const producer_state&) const = default;
  };
  [[nodiscard]] const producer_state* find(producer_id id) const;
  // For DescribeProducers: oldest append first.
  [[nodiscard]] const std::list<producer_state>& all() const { return by_age_; }

  // The snapshot file (docs/formats/producer-snapshot.md), in pieces of at most 64 KiB. Holds all
  // batches applied, which are those with an index up to `covers`.
  [[nodiscard]] fragments encode(log_index covers) const;
  struct snapshot;
  // Errors: cut_off, bad_magic, newer_version, bad_checksum, bad_field.
  static std::expected<snapshot, log_error> decode(
      const fragments& file, std::size_t producers_max = producers_max_default);

  // Copying would leave the ages pointing into the original.
  producer_sequences(const producer_sequences&) = delete;
  producer_sequences& operator=(const producer_sequences&) = delete;
  producer_sequences(producer_sequences&&) = default;
  producer_sequences& operator=(producer_sequences&&) = default;
  ~producer_sequences() = default;

 private:
  using age_list = std::list<producer_state>;
  producer_state& touch(producer_id id, log_index at);

  age_list by_age_;  // front: the oldest last append
  std::map<producer_id, age_list::iterator> by_id_;
  std::size_t producers_max_;
  log_index evicted_at_{};  // the append that last pushed a producer out
};

struct producer_sequences::snapshot {
  producer_sequences producers;
  log_index covers{};
};

}  // namespace weir::log
