#pragma once
// One partition's directory: every frame, every record, the files beside the segments.
#include <functional>
#include <map>
#include <string>

#include "cli/offline/frames.h"
#include "cli/offline/journals.h"
#include "cli/offline/side_files.h"
#include "core/log/segment_header.h"

namespace weir::offline {

struct partition_place {
  std::string directory;
  std::string label;  // stands before file names in findings; empty: they stand alone
  std::optional<uuid> topic;
  std::optional<partition_id> partition;
};

// A command of the catalog, or a configuration of the group, whole.
using command_visit = std::function<void(const log::frame_head&, const fragments&)>;

class partition_check {
 public:
  partition_check(partition_place place, const journals& journal, progress& p,
                  command_visit each_command = nullptr);

  findings run();
  // A single segment file of the directory, whatever its name, with the index that belongs to it.
  findings run_segment(const std::string& name);
  // Once it has run: the last entry, as far as the segments tell, and the offset behind it.
  struct log_end {
    log_index index;
    weir::term term;
    offset next_offset{};
  };
  [[nodiscard]] log_end ends() const;

 private:
  struct expected {
    log_index next{};
    offset next_offset{};
    weir::term term{};
    bool compacted = false;
  };
  struct segment_scan;

  void list();
  void load_small();
  void check_segment(const std::string& name, bool last);
  std::optional<log::segment_header> open_header(segment_scan& s, bool last);
  bool check_header(const segment_scan& s);
  // False: it serves nothing.
  bool check_order(const segment_scan& s);
  void load_index(segment_scan& s);
  void scan(segment_scan& s, bool last);
  void frame(segment_scan& s, const log::scanned_frame& f);
  void batch(segment_scan& s, const log::scanned_frame& f, const record::batch_header& b);
  void bad_end(segment_scan& s, const log::scan_result& result, bool last);
  void take_span(segment_scan& s);
  void check_group();
  void check_cleaner();
  void unlisted();
  std::optional<std::string> small(const std::string& name);
  void tell(level how, const std::string& file, std::optional<std::uint64_t> at,
            std::optional<offset> of, std::string what, std::string means);

  partition_place place_;
  const journals& journal_;
  progress& progress_;
  command_visit each_command_;
  findings out_;
  std::vector<std::string> names_;
  std::vector<log_index> firsts_;
  std::optional<log::checkpoint> checkpoint_;
  std::optional<terms_check> terms_;
  producers_check producers_;
  std::optional<expected>
      expected_;  // nothing: at the start, or behind a segment that is unreadable
  bool begun_ = false;
  log_extent extent_;
};

}  // namespace weir::offline
