#pragma once
// One copy of a partition on this node: performs what core/raft decides on the partition's log, and
// answers reads up to what is committed. Lives on one shard; all calls come there.
//
// Invariants: nothing above high_watermark() is ever given to a reader; an acks=all producer is
// answered only after its entry is committed, which means on the disks of a majority; an
// acknowledged batch is never taken back.
#include <expected>
#include <memory>
#include <string>

#include "core/raft/consensus.h"
#include "core/record/validate.h"
#include "engine/store/partition_log.h"

namespace weir {

enum class replica_error : std::uint8_t {
  not_leader,
  out_of_order_sequence,
  invalid_producer_epoch,
  bad_sequence,
  fenced_leader_epoch,
  unknown_leader_epoch,
  offset_out_of_range,
  no_space,  // the device is full, or nearly: nothing was stored
  storage,   // the log has failed: the operator knows from the log line
  damaged,
};

// Where a batch went. The answer to a duplicate is what the first one got, but for the time: Kafka
// tells the largest one of its records.
struct placed_batch {
  log_index index;  // wait_committed() for this one
  offset base_offset;
  timestamp append_time;
  offset log_start;
  bool duplicate = false;
};

struct epoch_end {
  std::int32_t epoch = -1;
  offset end = no_offset;
};

// Waiting for a commit ended because the device failed.
struct storage_failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct replica_options {
  log::roll_rules roll;
  log::retention_rules retention;
  std::size_t producers_max = log::producer_sequences::producers_max_default;
  std::int64_t producer_expiration_ms = 86'400'000;
  log::compaction_rules compaction;
  std::array<int, record::codecs> compression_levels{};  // by codec, where compaction packs again
};

class replica {
 public:
  static seastar::future<std::unique_ptr<replica>> open(store::shared_store& shared, node_id self,
                                                        store::log_identity identity,
                                                        std::string directory,
                                                        replica_options options);

  // Call before place(): waits while the device is behind by more than it may be.
  seastar::future<> wait_room() { return log_->wait_room(); }
  // Puts the batch behind the last one, at once: batches are stored in the order of these calls.
  std::expected<placed_batch, replica_error> place(const record::validated_batch& batch,
                                                   timestamp now);
  // One entry that is not a record batch (catalog commands). Takes one offset.
  std::expected<placed_batch, replica_error> place_command(std::string body, timestamp now);
  // Fails if that will never be known (storage failed, shutdown).
  seastar::future<> wait_committed(log_index index) { return commit_.wait_for(index); }

  // `below` is the exclusive bound of the isolation level: high_watermark() or
  // last_stable_offset().
  seastar::future<std::expected<store::read_result, replica_error>> read(offset from,
                                                                         std::size_t bytes,
                                                                         bool at_least_one,
                                                                         offset below);
  // Reads every committed command in order.
  seastar::future<> replay(std::function<void(const log::frame_head&, const fragments&)> each) {
    return log_->replay(std::move(each));
  }
  seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>> find_time(
      timestamp time, offset below);
  seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>> latest_time(
      offset below);

  // What Kafka's leader epoch fencing says to a request that carries `epoch` (-1: none; KIP-320).
  [[nodiscard]] std::expected<void, replica_error> check_epoch(std::int32_t epoch) const;
  // Where `epoch` ended here (OffsetForLeaderEpoch).
  [[nodiscard]] epoch_end end_of_epoch(std::int32_t epoch) const;
  // The leader epoch of the record at `at`; -1 where there is none.
  [[nodiscard]] std::int32_t epoch_at(offset at) const;
  // The first offset at which a reader that was at `epoch`, `from` no longer agrees with this log;
  // nothing if it does.
  [[nodiscard]] std::optional<epoch_end> diverging(std::int32_t epoch, offset from) const;

  // Deletes records below `before` (-1: the high watermark). Returns the new start offset.
  seastar::future<std::expected<offset, replica_error>> delete_records(offset before);
  // Retention, and forgetting producers that have been silent for long.
  seastar::future<> maintain();
  // What compaction would do now, in what is committed and decided.
  [[nodiscard]] log::compaction_plan compaction_plan() const;
  // One pass if one is due (store::partition_log::compact), with so much memory for keys.
  seastar::future<bool> compact(std::size_t memory, store::io_pace& pace,
                                seastar::abort_source& abort);
  void set_options(replica_options options);

  [[nodiscard]] offset start_offset() const { return log_->start_offset(); }
  [[nodiscard]] offset high_watermark() const { return high_watermark_; }
  // First offset of the oldest open transaction, else the high watermark. No transactions yet:
  // always the latter.
  [[nodiscard]] offset last_stable_offset() const { return high_watermark_; }
  [[nodiscard]] offset next_offset() const { return log_->next_offset(); }
  // An empty log elects with its first entry; the epoch told before is the one that this will have.
  [[nodiscard]] std::int32_t leader_epoch() const {
    const auto waits = raft_.current_role() == raft::role::leader ? 0 : 1;
    return static_cast<std::int32_t>(raft_.current_term().value()) + waits;
  }
  [[nodiscard]] std::uint64_t size_bytes() const { return log_->size_bytes(); }
  [[nodiscard]] const store::partition_log& log() const { return *log_; }
  [[nodiscard]] bool compacts() const { return options_.compaction.enabled; }
  [[nodiscard]] const std::string& name() const { return log_->name(); }
  // Whoever waits on anything here holds a use, so that a deleted partition goes after them.
  [[nodiscard]] seastar::gate::holder use() { return users_.hold(); }
  seastar::future<> unused() { return users_.close(); }
  // Told whenever the high watermark or the start offset moves, and on stop.
  event_source& news() { return news_; }

  seastar::future<> stop();

 private:
  replica(node_id self, std::unique_ptr<store::partition_log> log, replica_options options);
  void lead();
  std::expected<placed_batch, replica_error> put(log::frame_kind kind, const fragments& body,
                                                 const record::batch_header* batch,
                                                 std::uint32_t offsets, timestamp now);
  void perform(const raft::effects& out);
  void move_commit(log_index to);
  [[nodiscard]] log::compaction_bounds compaction_bounds() const {
    return {.committed = raft_.commit_index(), .stable = last_stable_offset()};
  }

  std::unique_ptr<store::partition_log> log_;
  raft::consensus raft_;
  replica_options options_;
  progress<log_index> commit_;
  offset high_watermark_{0};
  struct uncommitted {
    log_index index;
    offset end;
  };
  std::deque<uncommitted> uncommitted_;  // entries behind the commit, oldest first
  event_source news_;
  seastar::gate users_;
  bool stopped_ = false;
};

}  // namespace weir
