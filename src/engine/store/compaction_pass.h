#pragma once
// One compaction pass over a log. Holds no lock but for switching files.
#include <set>

#include "engine/store/frame_source.h"
#include "engine/store/partition_log.h"
#include "engine/store/segment_writer.h"

namespace weir::store {

class partition_log::compaction_pass {
 public:
  // What `plan` says is looked at now: the segments are those that the log has at this moment.
  compaction_pass(partition_log& l, const compaction_work& work, const log::compaction_plan& plan);

  // Reads the dirty part, then rewrites what is to be rewritten, oldest first.
  seastar::future<> run();
  // Also after a failure: lets go of what was replaced, and of what was not finished.
  seastar::future<> close();

  // Records below it were looked at: what the checkpoint says afterwards.
  [[nodiscard]] offset covered() const { return rules_.end; }
  [[nodiscard]] const compaction_figures& figures() const { return figures_; }

 private:
  // Neighbours that become one file.
  struct group {
    std::vector<part_ptr> parts;
    part_ptr next;  // the segment behind
  };
  // What becomes of one frame: nothing where it goes.
  struct fate {
    std::optional<whole_frame> frame;
    timestamp time = no_timestamp;
    std::int32_t records_in = 0;
    std::int32_t records_out = 0;
    bool changed = false;
    bool forgot = false;     // a tombstone that nothing replaces
    bool only_ends = false;  // a header that stays as the last one of its file alone
  };
  struct preview {
    bool changed = false;
    std::uint64_t records = 0;
  };
  enum class ending : std::uint8_t { none, unknown, committed, aborted };  // of a transaction
  using each_frame = std::function<seastar::future<bool>(whole_frame)>;    // false: enough

  seastar::future<> read_keys();
  seastar::future<bool> take_keys(whole_frame frame);
  // Segments from `first` on, as many as fit into one file; returns where to go on.
  seastar::future<std::size_t> rewrite(std::size_t first);
  seastar::future<bool> would_change(part_ptr p);
  seastar::future<bool> look_at(whole_frame frame, preview& seen);
  seastar::future<bool> copy_frame(whole_frame frame, segment_writer& out);
  seastar::future<group> copy(std::size_t first, segment_writer& out);
  [[nodiscard]] bool joins(std::size_t next, log_index first_index, std::uint64_t written) const;
  // False: some of them were deleted meanwhile, and nothing was done.
  seastar::future<bool> switch_to(const group& g, segment_writer& out);
  seastar::future<> remove_unfinished();
  seastar::future<> over_frames(part_ptr p, each_frame each);
  seastar::future<fate> judge(whole_frame frame);
  // compaction_pass_transactions.cc
  [[nodiscard]] ending ending_of(const record::batch_header& batch) const;
  void note(const record::batch_header& batch, const fate& f);
  [[nodiscard]] bool entry_stays(const log::frame_head& head,
                                 const record::batch_header& batch) const;
  [[nodiscard]] static log::segment_facts facts_of(const part& p);
  [[nodiscard]] std::optional<std::size_t> still_there(const group& g) const;
  [[nodiscard]] bool gone(const part_ptr& p) const;
  seastar::future<> moved(std::uint64_t bytes);
  void go_on() const;  // throws compaction_stopped
  [[nodiscard]] record::batch_header read_header(const whole_frame& frame) const;

  partition_log& log_;
  compaction_work work_;
  std::vector<part_ptr> parts_;  // below the bound, and the one behind
  std::size_t dirty_;            // the first dirty one
  offset dirty_from_;
  log_index bound_index_;  // behind the last segment
  offset bound_;
  log::key_offsets keys_;
  record::filter_rules rules_;
  std::set<producer_id> with_records_;  // whose transaction has something left so far
  std::vector<offset> markers_gone_;    // of the group that is copied
  std::vector<part_ptr> replaced_;
  log_index part_end_;  // behind the last entry of the segment that is read
  std::optional<fate> end_of_part_;
  std::string unfinished_;  // a file that has not got its name
  log_index forgotten_;     // the last entry whose tombstones went, with that file
  compaction_figures figures_;
};

}  // namespace weir::store
