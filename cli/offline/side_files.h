#pragma once
// The files beside the segments, held against the frames as these go by in order.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/offline/findings.h"
#include "core/log/checkpoint.h"
#include "core/log/producer_sequences.h"
#include "core/log/scan.h"
#include "core/log/segment_index.h"
#include "core/log/term_map.h"
#include "core/record/batch_header.h"

namespace weir::offline {

// An index file by itself, whatever segment it belongs to.
std::expected<log::segment_index, log::log_error> read_index(std::string_view content);

// One index file against its segment.
class index_check {
 public:
  index_check(std::string file, log::segment_index index, log_index first, offset first_offset);
  void frame(const log::scanned_frame& frame, timestamp max_timestamp);
  // A compacted segment stands for more than its frames: everything below these.
  void cover(log_index next_index, offset next_offset);
  // The segment's good frames have all been told.
  void finish(findings& to);

 private:
  void complain(std::uint64_t at, std::string what);

  std::string file_;
  log::segment_index index_;
  log::segment_totals totals_;  // of the frames so far
  std::size_t next_ = 0;        // entry
  // Of the frames up to where the index ends; nothing until they have been told.
  std::optional<log::segment_totals> covered_;
  std::optional<finding> found_;
};

// The term map's file against the terms of the frames.
class terms_check {
 public:
  terms_check(std::string file, std::optional<log::term_map> map)
      : file_(std::move(file)), map_(std::move(map)) {}
  void entry(const log::frame_head& head);
  void finish(findings& to);

 private:
  std::string file_;
  std::optional<log::term_map> map_;
  std::optional<log_index> log_start_;
  weir::term last_{};
  std::optional<finding> found_;
};

// Producer snapshots against the state that the log itself gives. A producer that the log no longer
// tells of, or that was silent for long, may be in one of them only: those that both know must have
// the same batches.
class producers_check {
 public:
  void add(std::string file, log::producer_sequences::snapshot snapshot);
  // Compaction took entries out: a producer's last batch may be among them.
  void compacted() { compacted_ = true; }
  // `body`: as producer_sequences::apply wants it.
  void entry(const log::frame_head& head, const record::batch_header* batch, const fragments& body);
  // `whole`: the log is all there, so that a snapshot can't cover more.
  void finish(findings& to, bool whole);

 private:
  struct held {
    std::string file;
    log::producer_sequences::snapshot snapshot;
  };
  void compare(const held& h);

  static constexpr std::size_t producers_max = 20'000;
  std::map<log_index, std::vector<held>> waiting_;  // by what they cover
  log::producer_sequences live_{producers_max};
  std::optional<log_index> log_start_;
  log_index last_{};
  bool compacted_ = false;
  std::vector<finding> found_;
};

// The checkpoint against what the segments are. `salt` is the last segment's.
struct log_extent {
  std::uint64_t salt = 0;
  log_index first{}, next{};
  offset first_offset{}, next_offset{};
};
void check_checkpoint(const std::string& file, const log::checkpoint& c, const log_extent& log,
                      findings& to);

}  // namespace weir::offline
