#pragma once
// How a partition's directory is opened, step by step (recovery.cc, recovery_group.cc).
#include <stdexcept>

#include "core/log/checkpoint.h"
#include "core/log/scan.h"
#include "engine/store/partition_log.h"

namespace weir::store {

inline constexpr std::size_t side_file_max = 64 << 20;

struct partition_log::recovery {
  recovery(partition_log& l, std::size_t most) : log(l), producers_max(most) {}

  seastar::future<> run();
  seastar::future<std::vector<log_index>> segments();
  seastar::future<> load_side_files(const std::vector<log_index>& firsts);
  seastar::future<> load_producers(const std::vector<log_index>& firsts);
  seastar::future<bool> take_producers(std::string name);
  seastar::future<> load_group();
  void take_configurations(log_index from, log_index below);
  seastar::future<> read_configuration(const part& p, file& f, position at, log::frame_head head);
  seastar::future<bool> open_part(log_index first, bool last);
  seastar::future<std::optional<std::string>> side_file(std::string name);
  void damaged_side_file(const std::string& name, log::log_error error);
  seastar::future<> take_index(part& p, std::uint64_t size);
  seastar::future<bool> take_totals(part& p, std::uint64_t size);
  void take(part& p, log::segment_index index, std::uint64_t covered);
  seastar::future<> write_what_was_missing();
  seastar::future<> scan(part& p, std::uint64_t size, bool last);
  void take_terms(const part& p);
  void take_span(part& p);
  seastar::future<> make_durable();
  seastar::future<> forget_remnants();
  seastar::future<> begin_appending();
  void found(part& p, const log::scanned_frame& frame);
  [[noreturn]] void damage(const part& p, const std::string& what) const {
    throw std::runtime_error(
        fmt::format("{}: {}: {}; the partition is not opened: restore it from a replica or a "
                    "backup, or remove the file to give up what it held",
                    log.identity_.name, p.file->path(), what));
  }

  partition_log& log;
  std::size_t producers_max;
  std::optional<log::checkpoint> checkpoint;
  log_index producers_cover{};  // the snapshot holds everything up to this
  log::term_map stored_terms;   // the file's: as new as every index
  struct wanted_body {
    position at;
    log::frame_head head;
  };
  std::vector<wanted_body> bodies_wanted;  // of configurations that the scan has met
  bool rebuilt = false;                    // a file was damaged, or much had to be scanned
};

}  // namespace weir::store
