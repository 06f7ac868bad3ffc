#pragma once
// One copy of a partition on this node: performs what core/raft decides on the partition's log and
// its network, and answers reads up to what is committed. Lives on one shard; all calls come there
// (docs/decisions/0012-replica-shell.md).
//
// Invariants: nothing above high_watermark() is ever given to a reader; an acks=all producer is
// answered only after its entry is committed, which means on the disks of a majority; an
// acknowledged batch is never taken back. The calls of consensus are made one after the other and
// their effects performed in that order: while the log is cut or reset nothing else happens, and
// messages wait. What promises something leaves after the flush that covers it.
#include <seastar/core/gate.hh>

#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <string>

#include "core/log/carried_frames.h"
#include "core/log/open_verifications.h"
#include "core/raft/consensus.h"
#include "core/record/validate.h"
#include "engine/replica/replica_group.h"
#include "engine/store/partition_log.h"

namespace weir {

enum class replica_error : std::uint8_t {
  not_leader,
  out_of_order_sequence,
  invalid_producer_epoch,
  bad_sequence,
  invalid_transaction,  // the batch is in no transaction and should be, or the other way round
  coordinator_fenced,   // a marker of an older coordinator than the last one's
  fenced_leader_epoch,
  unknown_leader_epoch,
  offset_out_of_range,
  no_space,  // the device is full, or nearly: nothing was stored
  storage,   // the log has failed: the operator knows from the log line
  damaged,
  timed_out,  // it may be done or not
};
replica_error error_of(log::sequence_error error);

// Where a batch went. The answer to a duplicate is what the first one got, but for the time: Kafka
// tells the largest one of its records.
struct placed_batch {
  log_index index;  // wait_committed() for this one
  weir::term term{};
  offset base_offset;
  timestamp append_time;
  offset log_start;
  bool duplicate = false;
};

// Given out before a transaction's coordinator is asked whether a batch may begin it here, and
// needed to place the batch then (KIP-890). Void when leadership has passed, or a marker came
// meanwhile that may have ended what was asked about.
struct verification {
  weir::term in{};
  log_index after{};
  producer_epoch epoch = no_producer_epoch;
  bool from_zero = false;  // of transactions of version 2: one that is not known begins at 0
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

class replica final : public ticked {
 public:
  // Resolves when what was stored is read; where this node is the only voter, when it leads.
  static seastar::future<std::unique_ptr<replica>> open(store::shared_store& shared,
                                                        replica_group group,
                                                        store::log_identity identity,
                                                        std::string directory,
                                                        replica_options options);
  ~replica() override;

  // Call before place(): waits while the device is behind by more than it may be.
  seastar::future<> wait_room() { return log_->wait_room(); }
  // Puts the batch behind the last one, at once: batches are stored in the order of these calls.
  // A transactional one whose producer has no transaction open here needs a verification.
  std::expected<placed_batch, replica_error> place(const record::validated_batch& batch,
                                                   timestamp now,
                                                   std::optional<verification> verified = {});
  // Of the coordinator that this partition keeps the state of: its producers have no sequences, and
  // it may use the room that is kept from clients when there is little. What belongs to a
  // producer's transaction needs what place() needs.
  [[nodiscard]] std::expected<void, replica_error> takes_decisions();
  [[nodiscard]] std::expected<void, replica_error> takes_decisions_of(
      producer_id producer, producer_epoch epoch, const std::optional<verification>& verified);
  std::expected<placed_batch, replica_error> place_decision(
      const record::validated_batch& batch, timestamp now,
      std::optional<verification> verified = {});
  // For a transactional batch: nothing where the coordinator need not be asked.
  // `version2`: the client speaks of transactions in that version.
  std::expected<std::optional<verification>, replica_error> begin_verification(
      const record::batch_header& batch, bool version2, timestamp now);
  // Ends a producer's transaction here, if there is one. `version`: of the transaction's protocol.
  std::expected<placed_batch, replica_error> place_marker(const log::transaction_marker& marker,
                                                          int version, timestamp now);
  // One entry that is not a record batch (catalog commands). Takes one offset.
  std::expected<placed_batch, replica_error> place_command(std::string body, timestamp now);
  // Fails if that will not be known here: leadership_lost, storage_failed, shutdown.
  seastar::future<> wait_committed(log_index index, term in);

  // `below` is the exclusive bound of the isolation level: high_watermark(), or
  // last_stable_offset() and then `committed`: with the aborted transactions. A follower gives what
  // it knows to be committed (KIP-392); a leader that does not serve yet may know less than was
  // acknowledged, and gives not_leader.
  seastar::future<std::expected<store::read_result, replica_error>> read(
      offset from, std::size_t bytes, bool at_least_one, offset below, bool committed = false);
  // Entries as they are stored, committed or not: for who looks into a log.
  seastar::future<std::expected<std::vector<store::kept_entry>, store::read_fault>> entries(
      store::entry_range range) {
    return log_->read_entries(range);
  }
  // Reads every entry that is committed by now, in order.
  seastar::future<> replay(std::function<void(const log::frame_head&, const fragments&)> each);
  seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>> find_time(
      timestamp time, offset below);
  seastar::future<std::expected<std::optional<record::timed_offset>, replica_error>> latest_time(
      offset below);

  // not_leader where this replica can't say what is the newest committed: no leader, or one that
  // has no entry of its term committed yet.
  [[nodiscard]] std::expected<void, replica_error> check_serves() const;
  // Whoever asks for not_leader may be told: who leads, as far as is known here, and in which
  // epoch.
  [[nodiscard]] raft::leadership leadership() const;
  // Resolves to an index at or below the commit: whoever has applied it has seen all that was
  // committed before the call (Raft, section 6.4).
  seastar::future<std::expected<log_index, replica_error>> linearizable_read();

  // The group.
  // A message of another member, with the frames of its entries. Never waits; may drop it.
  void receive(peer::raft_post post);
  // True once the state is taken, in memory.
  seastar::future<bool> receive_snapshot(peer::raft_post post, fragments state);
  // By the ticker.
  bool tick(raft::milliseconds now) override;
  // A group with nothing to do sleeps where raft_options::rest allows it; whoever watches the nodes
  // wakes it (raft::consensus::asleep). `heard`: when the leader's was last heard of.
  [[nodiscard]] bool asleep() const { return raft_.asleep(); }
  void wake(raft::milliseconds heard);
  // Whether time has to be told: whoever wants it and is not linked() to a ticker waits for ever.
  [[nodiscard]] bool wants_time() const;
  // A follower that sleeps asks whether its leader's copy is there, too.
  void ask_leader();
  // Of a follower: its leader's node is gone, or was started again.
  void leader_gone();
  // Makes `target` the members (raft::consensus::change); in effect at once, done when members()
  // says so and is committed.
  std::expected<void, change_error> change(const raft::configuration& target);
  // Hands leadership to a voter.
  std::expected<void, change_error> transfer(node_id to);
  [[nodiscard]] const raft::placed_configuration& members() const { return raft_.members(); }
  [[nodiscard]] bool change_under_way() const {
    return members().members.joint() || members().index > raft_.commit_index();
  }
  [[nodiscard]] std::vector<peer_report> peers() const;
  [[nodiscard]] const replica_figures& figures() const { return figures_; }
  [[nodiscard]] const raft::consensus& core() const { return raft_; }
  // Why it takes no part any more though its log is sound; empty: it does.
  [[nodiscard]] const std::string& out_of_service() const { return out_of_service_; }
  // Told when leadership, members or what is known of a learner changes, when a leader begins to
  // serve, and when the commit passes entries that are Raft's own.
  event_source& group_news() { return group_news_; }

  // What Kafka's leader epoch fencing says to a request that carries `epoch` (-1: none; KIP-320).
  [[nodiscard]] std::expected<void, replica_error> check_epoch(std::int32_t epoch) const;
  // Where `epoch` ended here (OffsetForLeaderEpoch).
  [[nodiscard]] epoch_end end_of_epoch(std::int32_t epoch) const;
  // The leader epoch of the record at `at`; -1 where there is none.
  [[nodiscard]] std::int32_t epoch_at(offset at) const;
  // The first offset at which a reader that was at `epoch`, `from` no longer agrees with this log;
  // nothing if it does.
  [[nodiscard]] std::optional<epoch_end> diverging(std::int32_t epoch, offset from) const;

  // Deletes records below `before` (-1: the high watermark). Returns the new start offset. With
  // other members it is an entry of the log, so that whoever leads later knows it; each copy
  // follows when that is committed there.
  seastar::future<std::expected<offset, replica_error>> delete_records(offset before);
  // Whole segments of entries through this one go from the front, where something else stands for
  // them; `next`: the offset behind it.
  seastar::future<> cut_front(log_index through, offset next);
  // Retention, and forgetting producers that have been silent for long.
  seastar::future<> maintain();
  // What compaction would do now, in what is committed and decided. Each copy compacts by itself.
  [[nodiscard]] log::compaction_plan compaction_plan() const;
  // One pass if one is due (store::partition_log::compact), with so much memory for keys.
  seastar::future<bool> compact(std::size_t memory, store::io_pace& pace,
                                seastar::abort_source& abort);
  void set_options(replica_options options);

  [[nodiscard]] offset start_offset() const { return std::max(moved_start_, log_->start_offset()); }
  [[nodiscard]] offset high_watermark() const { return high_watermark_; }
  // First offset of the oldest transaction that is open, or whose end is not committed; else the
  // high watermark. Not below the start, which may pass an open transaction.
  [[nodiscard]] offset last_stable_offset() const;
  [[nodiscard]] offset next_offset() const { return log_->next_offset(); }
  // An empty log elects with its first entry; the epoch told before is the one that this will have.
  [[nodiscard]] std::int32_t leader_epoch() const {
    const auto waits = !alone() || raft_.current_role() == raft::role::leader ? 0 : 1;
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
  // Stops it so that another shard may open it. False: that has to wait for a start.
  seastar::future<bool> hand_on();

 private:
  seastar::future<> end();
  // What an entry that this node proposes is made of.
  struct proposal {
    log::frame_kind kind;
    const fragments& body;
    const record::batch_header* batch;
    timestamp now;
  };
  // What came along with the call whose effects are performed.
  struct given {
    const proposal* own = nullptr;
    std::vector<log::carried_frame> frames;   // of an append_request
    std::optional<log::carried_state> state;  // of an install_snapshot
    std::vector<store::kept_entry> shipped;   // read for a peer
  };
  struct held_back {
    std::uint64_t after;  // partition_log::appended: durable up to there, it may go
    peer::raft_post post;
  };
  struct waiting {
    peer::raft_post post;
    std::vector<log::carried_frame> frames;
    std::size_t bytes;
  };

  replica(std::unique_ptr<store::partition_log> log, replica_group group, raft::stored_state stored,
          store::log_identity identity, replica_options options);
  // replica_open.cc
  static raft::stored_state stored_in(const store::partition_log& log, const replica_group& group);
  void lead();
  [[nodiscard]] bool alone() const;
  // Whether what is committed here is all that was ever acknowledged.
  [[nodiscard]] bool knows_all() const;

  std::expected<placed_batch, replica_error> put(const proposal& wanted, std::uint32_t offsets);
  std::expected<void, replica_error> may_place();
  std::expected<placed_batch, replica_error> put_batch(const record::validated_batch& batch,
                                                       timestamp now);
  [[nodiscard]] bool holds(const std::optional<verification>& given, producer_id of) const;

  // replica_effects.cc
  void perform(raft::effects out) { perform(std::move(out), given()); }
  void perform(raft::effects out, given with);
  void take(raft::effects out, given with);
  seastar::future<> cut(raft::effects out, given with);
  seastar::future<bool> cut_log(raft::effects& out, given& with);
  void forget_behind(log_index last);
  void go_on(raft::effects& out, given& with);
  void write_log(const raft::effects& out, const given& with);
  void append_entry(const raft::entry_head& entry, const raft::effects& out, const given& with);
  void append_own(log::frame_kind kind, const raft::entry_head& entry, const fragments& body);
  void send(raft::effects& out, const given& with);
  [[nodiscard]] peer::raft_post packed(raft::message m, const given& with) const;
  void post(peer::raft_post p);
  void release_held();
  void tell_news(const raft::effects& out);
  bool move_commit(log_index to);  // whether news_ were told of it
  void decided() { log_->producers().committed(high_watermark_); }
  void flushed();
  void leave_service(std::string why);
  void resign();
  void refuse_reads();

  // replica_messages.cc
  void step(peer::raft_post post, given with);
  [[nodiscard]] bool takes_part() const {
    return !stopped_ && !log_->failed() && out_of_service_.empty();
  }
  void take_waiting();
  void keep_awake();
  void ask_for_time();

  // replica_ship.cc
  void ship(const raft::ship_request& request);
  seastar::future<> read_and_ship(raft::ship_request request);
  seastar::future<std::vector<store::kept_entry>> read_for(const raft::ship_request& request);
  seastar::future<> ship_snapshot(raft::message m);
  // replica_start.cc
  seastar::future<std::expected<offset, replica_error>> delete_here(offset before);
  seastar::future<std::expected<offset, replica_error>> delete_everywhere(offset before);
  std::expected<placed_batch, replica_error> place_start(offset to);
  void follow_start();
  seastar::future<> move_start();
  seastar::future<> start_reached();

  void tell_trimmed();
  void tell_forgotten();
  [[nodiscard]] raft::milliseconds now() const {
    return group_.ticker ? group_.ticker->now() : raft::milliseconds{};
  }
  [[nodiscard]] log::compaction_bounds compaction_bounds() const {
    return {.committed = raft_.commit_index(),
            .stable = last_stable_offset(),
            .everyone = std::min(raft_.everyone(), raft_.commit_index())};
  }

  std::unique_ptr<store::partition_log> log_;
  replica_group group_;
  partition_key key_;
  raft::consensus raft_;
  replica_options options_;
  log::open_verifications verifications_;
  progress<log_index> commit_;
  offset high_watermark_;
  offset moved_start_{0};  // committed: nobody sees what is before, though it may be there yet
  bool moving_start_ = false;
  struct uncommitted {
    log_index index;
    offset end;
  };
  // Entries behind the commit, oldest first; of those that were there at the start the last alone.
  std::deque<uncommitted> uncommitted_;
  bool cutting_ = false;  // the log is cut or reset: nothing else is done meanwhile
  offset stable_before_cut_;
  std::deque<waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::deque<held_back> held_;
  std::map<std::uint64_t, seastar::promise<std::expected<log_index, replica_error>>> reads_;
  std::uint64_t next_read_ = 0;
  std::string out_of_service_;
  replica_figures figures_;
  event_source news_;
  event_source group_news_;
  seastar::gate users_;
  bool stopped_ = false;
  bool served_ = false;  // what group_news_ was told last
  fibers fibers_;
};

}  // namespace weir
