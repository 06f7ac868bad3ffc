#pragma once
// One node's disk: segments of frames, as core/log writes and scans them. What is appended is in
// memory until a flush; a crash drops what was not flushed, or leaves any part of it, torn by
// sectors.
//
// Made durable at once, as a broker does it before going on: the header of a new segment, a cut of
// the log, a snapshot. A cut begins a new segment whose header has the last vote, before anything
// is taken away, so that no cut loses a promise.
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/log/scan.h"
#include "core/log/segment_header.h"
#include "sim/entry.h"
#include "sim/random.h"

namespace weir::sim {

// The state behind an entry, which takes the place of the log up to it.
struct snapshot {
  raft::entry_id last;
  raft::configuration members;
  offset next_offset{};
  std::map<std::uint32_t, std::uint64_t> registers;
  fragments producers;  // log::producer_sequences::encode
  std::uint64_t chain = 0;
  bool whole = true;  // made of all entries, so that the chain is theirs
};
using snapshot_ptr = std::shared_ptr<const snapshot>;

struct recovered {
  log::vote last_vote;
  snapshot_ptr base;           // nothing: the log begins at index 1
  std::vector<entry> entries;  // behind the base
  log_index forgotten;
  raft::entry_id held;
};

class disk {
 public:
  disk(random& chance, std::size_t segment_bytes);

  void save_vote(log::vote vote);
  void append(const entry& e);
  void truncate_after(log_index last, offset next_offset);
  // The log goes, the snapshot comes, of a log that had forgotten so much.
  void reset(snapshot_ptr to, log_index forgotten);
  void hold(raft::entry_id end) { held_ = end; }
  // The snapshot covers what goes from the front.
  void trim(snapshot_ptr to);
  // The last entry of the segments that are closed and durable, and end at or before `most`; 0:
  // there are none.
  [[nodiscard]] log_index closed_through(log_index most) const;
  // Those that end at or before `through` are written again without these entries, and take the
  // places of the old ones at once. What the snapshot says of deleted keys goes with them.
  void compact(log_index through, const std::set<log_index>& gone, log_index forgotten,
               snapshot_ptr to);

  // What is written by now will be durable at end_flush.
  void begin_flush();
  void end_flush();

  void crash();
  // Damages a byte that was durable, and that a checkpoint says was. False: there is none.
  bool rot();
  // Nothing: damaged. Else what is there, all of it durable now, and ready to append.
  std::optional<recovered> recover();

 private:
  struct segment {
    std::string header;
    std::uint64_t salt = 0;
    log_index first;
    std::string frames;
    std::size_t flushed = 0;
    std::size_t flushing = 0;
    std::size_t known_flushed = 0;  // as a checkpoint has it
    struct place {
      log_index index;
      std::size_t at;
    };
    std::vector<place> entry_at;  // where each of its entries begins
  };
  [[nodiscard]] std::string header_of(const segment& s, log::segment_header rest) const;
  static void write_again(segment& s, const std::set<log_index>& gone);
  void begin_segment();
  void write(log::frame_head head, const std::string& body);
  bool scan(segment& s, recovered& out, log_index base);

  random* chance_;
  std::size_t segment_bytes_;
  std::vector<segment> segments_;
  snapshot_ptr snapshot_;
  log::vote vote_;
  raft::entry_id held_;
  log_index forgotten_;
  log_index next_{1};
  offset next_offset_{0};
  weir::term last_term_;
};

}  // namespace weir::sim
