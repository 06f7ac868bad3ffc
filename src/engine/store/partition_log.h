#pragma once
// One partition's log on disk: segments of frames (docs/formats/segment.md), appended in memory,
// flushed together, read back by offset. One shard owns it; all calls come there.
//
// append() never waits: it puts the frame behind the last one, and a fiber makes durable whatever
// has gathered: a little of it through the shard's journal, together with other logs', much of it
// by writing and flushing the segment. Only wait_durable() says that a frame will survive. After a
// failed write or flush the log takes nothing more (failed()), since what the device holds is
// unknown; reading goes on. A device without room is no failure: what was appended waits in memory
// until there is some (docs/decisions/0009-disk-full.md).
#include <seastar/core/condition-variable.hh>

#include <deque>
#include <expected>
#include <functional>
#include <string>

#include "core/log/checkpoint.h"
#include "core/log/compaction_plan.h"
#include "core/log/frame.h"
#include "core/log/group_record.h"
#include "core/log/producer_sequences.h"
#include "core/log/segment_header.h"
#include "core/log/segment_index.h"
#include "core/log/segment_list.h"
#include "core/log/term_map.h"
#include "core/record/batch_header.h"
#include "core/record/batch_search.h"
#include "engine/runtime/event_source.h"
#include "engine/runtime/fibers.h"
#include "engine/runtime/progress.h"
#include "engine/store/compaction.h"
#include "engine/store/file_remover.h"
#include "engine/store/index_shelf.h"
#include "engine/store/journal.h"
#include "engine/store/segment.h"
#include "engine/store/space_gate.h"

namespace weir::store {

// What all logs of a shard share.
struct shared_store {
  file_system& files;
  chunk_cache& cache;
  open_files open;
  std::function<timestamp()> now;
  std::function<std::uint64_t()> random;
  // Unwritten bytes of all logs together, and of one, above which appends wait.
  std::size_t dirty_max = 32 << 20;
  std::size_t dirty_of_one_max = 16 << 20;
  std::size_t dirty = 0;
  journal* small_writes = nullptr;  // none: every log flushes its own files
  // When so much was written behind a log's last checkpoint there is a new one: what the next start
  // has to scan after a crash.
  std::uint64_t checkpoint_bytes = 16 << 20;
  index_shelf indexes = index_shelf(16 << 20);
  file_remover* remover = nullptr;  // none: files are removed at once
  space_gate space = {};
  // Of each partition: how many are remembered. What ended before is looked for in the log.
  std::size_t aborted_transactions_max = log::aborted_transactions::kept_default;
};

struct log_identity {
  std::string name;  // "topic-3", for people
  uuid topic_id;  // zero: the catalog, whose commands free room, so that it is the last to wait for
                  // it
  partition_id partition;
};

struct log_figures {
  std::uint64_t bytes_appended = 0;
  std::uint64_t flushes = 0;
  double flush_seconds = 0;  // write and flush together
};

enum class read_fault : std::uint8_t {
  out_of_range,  // before the start or beyond the end
  damaged,       // the bytes on the device are not what was written
};

struct read_limits {
  offset below;              // only whole frames whose offsets are all below this
  std::size_t bytes = 0;     // stop before exceeding this…
  bool at_least_one = true;  // …but return the first batch whatever its size (KIP-74)
};

struct read_result {
  fragments batches;  // record batches back to back, shared with the cache
  offset next;        // where to go on
  std::vector<log::aborted_transaction> aborted;  // of read_committed: with records among these
};

// Entries for another copy, those that are left in the range: at least one, and then as many as
// fit.
struct entry_range {
  log_index from;
  log_index through;
  std::size_t bytes = 0;  // of bodies
  std::size_t count = SIZE_MAX;
};
struct kept_entry {
  log::frame_head head;
  fragments body;  // shared with the cache
};

// The entry before the first one that another copy can be given from this log. What lies before it
// is deleted.
struct log_base {
  log_index index;
  weir::term term;
  offset next_offset{0};  // after it
  bool operator==(const log_base&) const = default;
};

// A state that takes the place of a log: what it would be with all entries up to `base`.
struct log_state {
  log_base base;
  std::string members;  // a configuration's body: in effect at the base; empty: it is not known
  fragments producers;  // log::producer_sequences::encode
  log_index forgotten;  // of the log that it came from
  // The end of the log that is given up, where that must not be forgotten (log::group_record).
  log_base held{};
};

class partition_log final : public journal_user {
 public:
  // Opens what is in `directory`, or starts a new log there. Recovery reads frames behind the last
  // checkpoint, cuts a torn tail off, and throws on damage that is not one.
  static seastar::future<std::unique_ptr<partition_log>> open(shared_store& shared,
                                                              log_identity identity,
                                                              std::string directory,
                                                              log::roll_rules rules,
                                                              std::size_t producers_max);
  ~partition_log();
  seastar::future<> settle() override;

  // Behind the last frame: the head's index must be last_index() + 1, its base offset
  // next_offset(), or both behind that where compaction took what is missing from the log that it
  // came from. `batch` is the body's header where the frame is a batch. The frame may have been
  // made by another broker: its term and append time are kept.
  void append(const log::frame_head& head, const fragments& body,
              const record::batch_header* batch);
  // Resolves when the frame is on the device; fails when that will never be known.
  seastar::future<> wait_durable(log_index index) { return durable_.wait_for(index); }
  [[nodiscard]] log_index durable_index() const { return durable_.reached(); }
  // Waits until less than the bound of bytes is unwritten, or data is not taken: call before
  // append.
  seastar::future<> wait_room();
  // Called on this shard after each flush, and when the log has failed.
  void on_durable(std::function<void(log_index)> call) { on_durable_ = std::move(call); }
  // Bytes appended so far, and how many of those came before everything that is not durable yet: a
  // vote, which has no index, is durable once the second has reached the first as it was behind it.
  // A truncation and a reset leave nothing that is not durable.
  [[nodiscard]] std::uint64_t appended() const { return appended_bytes_; }
  [[nodiscard]] std::uint64_t appended_durably() const { return durable_reach_.bytes; }
  // More is unwritten than should be: what another broker has can wait there.
  [[nodiscard]] bool is_behind() const {
    return dirty() > shared_.dirty_of_one_max || (shared_.dirty > shared_.dirty_max && dirty() > 0);
  }

  seastar::future<std::expected<read_result, read_fault>> read(offset from, read_limits limits);
  // The same, below the last stable offset, with the aborted transactions that reach into it.
  seastar::future<std::expected<read_result, read_fault>> read_committed(offset from,
                                                                         read_limits limits);
  // First record at or after `time` among offsets below `below`.
  seastar::future<std::expected<std::optional<record::timed_offset>, read_fault>> find_time(
      timestamp time, offset below);
  seastar::future<std::expected<std::optional<record::timed_offset>, read_fault>> latest_time(
      offset below);
  // Entries for another copy, committed or not, from one behind base() on. Out of range: not there,
  // or the log was cut meanwhile.
  seastar::future<std::expected<std::vector<kept_entry>, read_fault>> read_entries(
      entry_range range);
  // All frames in order.
  seastar::future<> replay(std::function<void(const log::frame_head&, const fragments&)> each);

  // Forgets frames behind `last`, durably. Never below what was committed: the caller knows. The
  // last vote is durable when it resolves, though its frame may be among them. With no_space or
  // journal_unavailable nothing is forgotten, and it can be asked again.
  seastar::future<> truncate_after(log_index last);
  // Forgets all frames, durably, and goes on behind the state's base. The vote stays, durable. With
  // no_space nothing is forgotten, and it can be asked again.
  seastar::future<> reset(log_state to);
  // Of a new replica, before anything is appended: the configuration that its group began with, or
  // an empty one, is kept durably (log::group_record::began).
  seastar::future<> begin_group(std::string configuration);
  // Moves the start offset up to `before` (-1: `commit_offset`); whole segments below it are
  // deleted. Durable when it resolves; with no_space it may have moved up to `before` in part.
  seastar::future<std::expected<void, log::delete_error>> delete_below(offset before,
                                                                       offset commit_offset,
                                                                       log_index committed);
  // Deletes what retention says; returns the bytes freed.
  seastar::future<std::uint64_t> enforce_retention(log::retention_rules rules, log_index committed);
  void set_rules(log::roll_rules rules) { rules_ = rules; }

  // What a pass would do now.
  [[nodiscard]] log::compaction_plan plan_compaction(const log::compaction_rules& rules,
                                                     const log::compaction_bounds& bounds) const;
  // One pass, if one is due: closed segments without the records that newer ones of their key
  // replace (docs/decisions/0006). Appends, reads, retention and truncation go on beside it. False:
  // none was due. Fails with compaction_stopped, or with what went wrong; the log is whole then.
  seastar::future<bool> compact(compaction_work work);
  [[nodiscard]] const compaction_figures& compaction() const { return compaction_; }
  [[nodiscard]] offset first_dirty() const { return first_dirty_; }

  [[nodiscard]] offset start_offset() const { return start_offset_; }
  [[nodiscard]] offset next_offset() const { return next_offset_; }
  [[nodiscard]] log_index last_index() const { return last_index_; }
  [[nodiscard]] weir::term last_term() const { return last_term_; }
  // Appended or recovered, also where a truncation took its frame.
  [[nodiscard]] log::vote last_vote() const { return last_vote_; }
  // How the group began, and the configurations in the log, the one in effect at base() first if it
  // is known. Its vote is not looked at.
  [[nodiscard]] const log::group_record& group() const { return group_; }
  // Starts that entries of the log move it to, for who knows when they are committed; until then,
  // and until the start is there, durably, they are kept.
  [[nodiscard]] const std::vector<log::moved_start>& moved_starts() const { return group_.starts; }
  void forget_moved_starts(log_index through);
  [[nodiscard]] log_base base() const;
  // Idempotent producers as of base(), for a log_state.
  seastar::future<fragments> producers_at_base();
  // Up to here segments are compacted ones: it can't be truncated behind an earlier entry.
  [[nodiscard]] log_index compacted_through() const;
  // Through here it is known to be committed: where compaction was, on whatever copy.
  [[nodiscard]] log_index known_committed() const {
    return std::min(last_index_, std::max(compacted_through(), group_.behind_hole));
  }
  // Tombstones through here may be gone from it.
  [[nodiscard]] log_index forgotten() const { return forgotten_; }
  [[nodiscard]] log_index start_index() const { return start_index_; }
  [[nodiscard]] const log::term_map& terms() const { return terms_; }
  [[nodiscard]] log::producer_sequences& producers() { return producers_; }
  [[nodiscard]] const log::producer_sequences& producers() const { return producers_; }
  [[nodiscard]] std::uint64_t size_bytes() const;
  [[nodiscard]] bool failed() const { return failed_; }
  // Where a read met bytes that are not what was written; empty: nowhere so far.
  [[nodiscard]] const std::string& damage() const { return damage_; }
  // What was appended waits for room on the device.
  [[nodiscard]] bool waits_for_space() const { return refused_.has_value(); }
  // Whether data should be appended: there is room for it. What frees room is appended all the
  // same.
  [[nodiscard]] bool takes_data() const { return shared_.space.takes_data() && !refused_; }
  [[nodiscard]] const log_figures& figures() const { return figures_; }
  [[nodiscard]] const read_figures& reads() const { return *reads_; }
  [[nodiscard]] timestamp now() const { return shared_.now(); }
  [[nodiscard]] const std::string& name() const { return identity_.name; }

  // Flushes, writes the checkpoint that spares the next start its scan, closes.
  seastar::future<> stop();
  // As stop(), and so that a log of another shard may go on with its files: what the journal holds
  // of it is in them, and a start takes nothing of it from the journal any more that a later
  // truncation could have cut off: entries up to `committed` never are. False: it does not, and
  // nobody may open it before a start.
  seastar::future<bool> leave_shard(log_index committed);

 private:
  // A segment with what is known of it; segments_ has its facts at the same place.
  struct part {
    part(const log::segment_header& h, segment_ptr f)
        : header(h), file(std::move(f)), index(log::segment_index(h.first_index, h.first_offset)) {}
    log::segment_header header;
    segment_ptr file;
    kept_index index;           // complete while it is appended to
    bool on_disk = false;       // its file exists, with the header durable
    bool sealed = false;        // no append follows
    bool finished = false;      // sealed, durable, its index written
    std::uint64_t flushed = 0;  // bytes known durable, in the file or in the journal
    std::uint64_t settled = 0;  // bytes known durable in the file
    std::uint64_t covered = log::segment_header_size;  // bytes that the index file covers
    fragments producers;    // snapshot taken when it became active, until that is on disk
    seastar::gate readers;  // it is closed after the last of them
  };
  using part_ptr = seastar::lw_shared_ptr<part>;
  class reader;
  struct recovery;
  class compaction_pass;
  using visit = std::function<bool(const log::frame_head&, const fragments&)>;  // false: enough
  // What of a frame's body is wanted is asked before it is read.
  enum class wanted : std::uint8_t { body, nothing, no_more };
  using look = std::function<wanted(const log::frame_head&)>;

  partition_log(shared_store& shared, log_identity identity, std::string directory,
                log::roll_rules rules, std::size_t producers_max);
  seastar::future<> end();
  seastar::future<> close();
  seastar::future<> leave_journal(log_index committed);
  void roll(timestamp now);
  void account(const log::frame_head& head, const record::batch_header* batch,
               const fragments& body);
  seastar::future<> flush_loop();
  seastar::future<> flush_once();
  [[nodiscard]] bool small_enough_to_journal() const;
  seastar::future<bool> flush_to_journal();  // false: nothing was done
  seastar::future<> flush_to_files();
  seastar::future<> bring_to_files();  // and what fails, but for room, fails the log
  seastar::future<> settle_active(part_ptr p);
  // Runs it; what fails, but for room, fails the log.
  seastar::future<> or_fail(seastar::future<> writing);
  seastar::future<> flush_part(part_ptr p);
  // How far the log had come at some moment.
  struct reach {
    log_index index;
    offset next_offset;
    weir::term term;
    std::uint64_t bytes = 0;  // appended
  };
  [[nodiscard]] reach here() const {
    return {last_index_, next_offset_, last_term_, appended_bytes_};
  }
  void flushed(const reach& through);
  // What the files that spare a scan should say of the active segment.
  struct side_files {
    part_ptr of;
    std::uint64_t end;
    std::string index;
    fragments producers;
  };
  [[nodiscard]] side_files side_files_now() const;
  // If enough was written since the last ones.
  [[nodiscard]] std::optional<side_files> side_files_due() const;
  void checkpoint_later(side_files now);
  seastar::future<> write_side_files(side_files now);
  seastar::future<> write_side_files_and_checkpoint(side_files now);
  seastar::future<> write_terms();
  seastar::future<> write_group();
  void forget_group_behind(log_index last);
  void forget_before_first_part();
  void take_state(const log::segment_header& header, const log_state& to,
                  log::producer_sequences producers);
  log::journal_entry entry_of(const part& p, std::uint64_t at, log::journal_kind kind) const;
  seastar::future<> create(part& p);
  seastar::future<> finish(part& p);
  seastar::future<> write_index(part& p);
  seastar::future<> write_checkpoint(bool clean);
  [[nodiscard]] log::checkpoint checkpoint_now() const;
  seastar::future<> store_checkpoint(log::checkpoint c);
  seastar::future<> forget_side_files(part& p, log_index last);
  seastar::future<> rebuild_producers();
  void take_producers(log::producer_sequences producers);
  // The newest that is whole and tells of nothing behind `last`.
  seastar::future<std::optional<log::producer_sequences::snapshot>> find_producers(log_index last);
  seastar::future<std::optional<log::producer_sequences::snapshot>> read_producers(
      std::string name);
  seastar::future<std::expected<std::vector<log::aborted_transaction>, read_fault>> search_aborted(
      fragments batches, offset next);
  void fail(const std::exception_ptr& why);
  // Where the log starts, durably.
  struct log_start {
    log_index index;
    weir::offset offset;
  };
  seastar::future<> move_start(log_start to);
  struct cut_place;
  seastar::future<cut_place> find_cut(log_index last);
  seastar::future<> cut_behind(cut_place cut);
  // `kept_out`: nothing durable says yet that the segments are to go, so each goes before the next.
  seastar::future<> drop_front(std::size_t count, bool kept_out = false);
  static seastar::future<> retire(part_ptr p);
  seastar::future<> take_away(part_ptr p, bool at_once);
  seastar::future<> remove_files(log_index first);
  seastar::future<> remove_side_files(log_index first);
  seastar::future<> apply(log::retention_plan plan);
  seastar::future<> finish_sealed();
  seastar::future<> write_cleaner_checkpoint();
  // A part that stays open for who holds this.
  struct held_part {
    explicit held_part(part_ptr p) : part(std::move(p)), reading(part->readers.hold()) {}
    part_ptr part;
    seastar::gate::holder reading;
  };
  // The entries of a closed segment's index, where they can be had.
  seastar::future<> want_index(held_part held);
  seastar::future<> make_index_again(held_part held, log::log_error why);
  seastar::future<std::expected<void, read_fault>> walk(held_part from, position at, visit each,
                                                        look before = {});
  // Of the records in a batch, for the index.
  static timestamp time_of(const record::batch_header* batch) {
    return batch && batch->record_count > 0 ? batch->max_timestamp : no_timestamp;
  }
  static timestamp time_of(const log::frame_head& head, const fragments& body) {
    if (head.kind != log::frame_kind::batch) return no_timestamp;
    const auto batch = record::read_batch_header(body);
    return time_of(batch ? &*batch : nullptr);
  }
  read_fault damaged(const part& p, std::uint64_t at, log::log_error error);
  [[nodiscard]] std::string path(const std::string& file) const { return directory_ + "/" + file; }
  [[nodiscard]] std::uint64_t dirty() const { return appended_bytes_ - flushed_bytes_; }

  shared_store& shared_;
  log_identity identity_;
  std::string directory_;
  log::roll_rules rules_;
  std::deque<part_ptr> parts_;
  log::segment_list segments_;
  log::term_map terms_;
  log::producer_sequences producers_;
  std::size_t producers_max_;
  log::vote last_vote_;
  log::group_record group_;         // but for its vote
  log::group_record group_stored_;  // what the file says; as new where there is none
  weir::term last_term_;
  log_index last_index_;
  log_index start_index_{1};
  offset next_offset_{0};
  offset start_offset_{0};
  offset first_dirty_{0};  // compaction has been below it
  log_index forgotten_;

  progress<log_index> durable_;
  reach durable_reach_{};  // of durable_
  std::function<void(log_index)> on_durable_;
  std::uint64_t appended_bytes_ = 0;
  std::uint64_t flushed_bytes_ = 0;
  seastar::condition_variable wake_;
  seastar::condition_variable drained_;
  seastar::semaphore files_lock_{1};  // who changes files: the flush, truncation, deletion
  // Who writes bytes of segments, taken after files_lock_ where both are: what settles the journal
  // takes this one alone, so that flushes into the journal go on meanwhile.
  seastar::semaphore write_lock_{1};
  // Who changes the files beside the segments; taken after the other two.
  seastar::semaphore side_lock_{1};
  bool checkpointing_ = false;
  std::optional<weir::term> terms_stored_;  // the last one in the terms file
  bool failed_ = false;
  std::optional<space_gate::refused> refused_;  // while it waits for room
  bool changed_ = false;                        // since the files that spare a scan were written
  bool stopping_ = false;
  bool journaled_ = false;   // the journal has had bytes of this log
  bool in_journal_ = false;  // and has some that are not in the files
  std::string damage_;
  log_figures figures_;
  compaction_figures compaction_;
  bool compacting_ = false;
  std::uint64_t cuts_ = 0;  // of its end: who reads beside one finds other bytes, not damage
  seastar::lw_shared_ptr<read_figures> reads_ = seastar::make_lw_shared<read_figures>();
  fibers fibers_;
};

using log::checkpoint_file_name;
using log::cleaner_file_name;
using log::cut_file_name;
using log::damage_file_name;
using log::deleted_suffix;
using log::group_file_name;
using log::latest_producers_file_name;
using log::producers_file_name;
using log::reset_file_name;
using log::terms_file_name;

}  // namespace weir::store
