#pragma once
// Producers of one partition: which batches were already appended (KIP-98, KIP-360), and their
// transactions (KIP-98, KIP-890): who has one open, what was aborted, up to where all is decided.
// `check` before an append, `apply` when it was appended (not when durable: several batches may be
// in flight). The state is a fold of the log: the same frames applied again give the same state.
#include <array>
#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "core/base/fragments.h"
#include "core/base/ids.h"
#include "core/log/aborted_transactions.h"
#include "core/log/errors.h"
#include "core/log/frame.h"
#include "core/record/batch_builder.h"

namespace weir::log {

// A producer's claim in a batch's header.
struct sequence_range {
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  std::int32_t first = -1;         // 0 or more
  std::uint32_t record_count = 1;  // last offset delta + 1; at least 1
  bool transactional = false;
  // Sequences wrap from 2^31-1 to 0.
  [[nodiscard]] std::int32_t last() const;
};

// What ends a producer's transaction in this partition.
struct transaction_marker {
  producer_id producer = no_producer_id;
  producer_epoch epoch = no_producer_epoch;
  record::marker kind = record::marker::abort;
  std::int32_t coordinator_epoch = 0;
};

// What is known beside the log of a transactional batch that would begin a transaction.
struct transaction_start {
  bool verified = false;  // by the coordinator, and nothing came between
  // Of version 2 (KIP-890): who is not known begins at 0, for every transaction has its own epoch.
  bool from_zero = false;
  std::int32_t lowest = INT32_MAX;  // open_verifications::lowest
};

// What is known beside the log's producers of any batch.
enum class log_age : std::uint8_t {
  lived,   // there was or may have been something, and a producer may be forgotten
  unused,  // it never had a record: who is not known has sent nothing
};

enum class sequence_error : std::uint8_t {
  out_of_order,         // OUT_OF_ORDER_SEQUENCE_NUMBER
  invalid_epoch,        // INVALID_PRODUCER_EPOCH
  bad_sequence,         // negative sequence, epoch or producer id: INVALID_RECORD
  invalid_transaction,  // in none where it should be in one, or in one where it shouldn't:
                        // INVALID_TXN_STATE
  coordinator_fenced,   // TRANSACTION_COORDINATOR_FENCED
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
  static constexpr std::size_t producer_memory = 480;  // bytes a producer costs, about
  static constexpr std::size_t producers_max_default = 10'000;

  // Above `producers_max` the producer whose last append is the oldest is forgotten, unless it has
  // a transaction open; its next batch is accepted whatever its sequence, as after expiry
  // (KIP-360).
  explicit producer_sequences(std::size_t producers_max = producers_max_default);

  // Nothing: append it. A batch: it was appended already, answer with that one.
  [[nodiscard]] std::expected<std::optional<known_batch>, sequence_error> check(
      const sequence_range& claim, const transaction_start& start = {},
      log_age age = log_age::lived) const;
  // `version`: of the transaction's protocol. From 2 on its markers carry an epoch of their own.
  [[nodiscard]] std::expected<void, sequence_error> check(const transaction_marker& marker,
                                                          int version) const;

  // The batch was appended. Indexes increase. `check` need not have been asked: recovery and
  // followers apply what the log says.
  void apply(const sequence_range& claim, const known_batch& appended);
  void apply(const transaction_marker& marker, offset at, log_index index, timestamp append_time);
  // What a frame with this batch says, whatever it is. `body`: the whole batch where it is a
  // control batch; not looked at else.
  void apply(const frame_head& head, const record::batch_header& batch, const fragments& body);

  // Entries from `from` on are gone. False: batches or markers were forgotten since that would
  // count again, so load a snapshot that covers less than `from`, apply the log after it, or start
  // empty.
  [[nodiscard]] bool truncate(log_index from);
  // How many aborted transactions are remembered.
  void keep_aborted(std::size_t most) { aborted_.keep(most); }
  // Records below are gone.
  void trim(offset start) { aborted_.trim(start); }
  // The high watermark: markers below it are not taken back.
  void committed(offset below);
  // Forgets producers whose last append is at least `expiration_ms` old and that have no
  // transaction open. Returns how many.
  std::size_t expire(timestamp now, std::int64_t expiration_ms);
  void clear();

  // Whether a batch of this epoch would go on with an open transaction.
  [[nodiscard]] bool in_transaction(producer_id id, producer_epoch epoch) const;
  // Whether a marker of it may have come behind the entry `after`, and ended what would be in its
  // transaction. `own`: the epoch of that one alone, as in version 2, where the marker of the one
  // before carries it, too (KIP-890).
  [[nodiscard]] bool marked_behind(producer_id id, log_index after,
                                   std::optional<producer_epoch> own = {}) const;
  // The first offset of all transactions that are open, or whose marker is not committed(); nothing
  // where there are none.
  [[nodiscard]] std::optional<offset> first_unstable() const;
  [[nodiscard]] const aborted_transactions& aborted() const { return aborted_; }
  // See aborted_transactions::forget.
  void forget_aborted(offset last) { aborted_.forget(last); }

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  [[nodiscard]] std::size_t open_transactions() const { return open_.size(); }
  [[nodiscard]] std::size_t memory() const {
    return size() * producer_memory + aborted_.memory() + ended_.size() * sizeof(ended_transaction);
  }

  struct producer_state {
    producer_id id = no_producer_id;
    producer_epoch epoch = no_producer_epoch;
    std::uint8_t count = 0;  // batches in use, oldest first
    std::array<known_batch, window> batches{};
    log_index forgot_at{};  // the append that last pushed a batch out
    timestamp last_append{};
    std::int32_t coordinator_epoch = -1;   // of the last marker
    offset transaction_start = no_offset;  // first offset of the open transaction
    log_index transaction_began{};         // the entry there
    log_index marked_at{};                 // its last marker
    timestamp marker_time{};               // when that was appended
    bool operator==(const producer_state&) const = default;
    [[nodiscard]] bool open() const { return transaction_start != no_offset; }
    [[nodiscard]] log_index last_index() const;
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
  struct ended_transaction {
    offset first;
    offset marker;
  };
  struct snapshot_reader;
  producer_state& touch(producer_id id, log_index at);
  void make_room(log_index at);
  void take_epoch(producer_state& state, producer_epoch epoch, log_index at);
  void end_transaction(producer_state& state, record::marker kind, offset marker);
  void add_ended(const ended_transaction& one);

  age_list by_age_;  // front: the oldest last append
  std::map<producer_id, age_list::iterator> by_id_;
  std::map<offset, producer_id> open_;  // by where they began
  // Whose marker is not committed. Of two the one with the later marker stays longer, so one that
  // began behind it need not be kept: first offsets and markers both increase.
  std::vector<ended_transaction> ended_;
  aborted_transactions aborted_;
  std::size_t producers_max_;
  log_index evicted_at_{};  // the append that last pushed a producer out
  log_index marked_at_{};   // the last marker of all
};

struct producer_sequences::snapshot {
  producer_sequences producers;
  log_index covers{};
};

}  // namespace weir::log
