#pragma once
// What a compaction pass of a partition's log is given, and what is told of it
// (docs/decisions/0006).
#include <seastar/core/abort_source.hh>
#include <seastar/core/future.hh>

#include <array>
#include <functional>
#include <stdexcept>

#include "core/log/byte_rate.h"
#include "core/log/compaction_plan.h"
#include "core/log/key_offsets.h"
#include "core/record/batch_filter.h"

namespace weir::store {

// The log or the broker stops: the pass has left everything as it was or as it should be.
struct compaction_stopped : std::runtime_error {
  compaction_stopped() : std::runtime_error("compaction was stopped") {}
};

// Keeps the bytes that a shard's passes read and write below a rate.
class io_pace {
 public:
  // `bytes_per_second` is asked each time: it may change; byte_rate::unlimited is no bound.
  explicit io_pace(std::function<std::uint64_t()> bytes_per_second)
      : bytes_per_second_(std::move(bytes_per_second)) {}
  // `bytes` were moved: waits as long as that asks for, or until `stopped` says that it need not.
  // Fails with sleep_aborted.
  seastar::future<> spend(std::uint64_t bytes, seastar::abort_source& abort,
                          std::function<bool()> stopped);

 private:
  std::function<std::uint64_t()> bytes_per_second_;
  log::byte_rate rate_;
};

struct compaction_work {
  log::compaction_rules rules;
  log::compaction_bounds bounds;
  std::uint64_t segment_bytes = 0;           // groups become segments not above it
  std::array<int, record::codecs> levels{};  // of compression, by codec
  std::size_t memory = 0;                    // for keys
  io_pace* pace = nullptr;                   // none: no bound
  seastar::abort_source* abort = nullptr;    // besides the log's own stop
  log::key_offsets::hash hash = log::key_offsets::default_hash;
};

struct compaction_figures {
  std::uint64_t passes = 0;
  std::uint64_t failures = 0;
  std::uint64_t bytes_in = 0;  // of segments read to be copied
  std::uint64_t bytes_out = 0;
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  timestamp last_pass = no_timestamp;  // when it ended
  double seconds = 0;                  // of all passes
};

}  // namespace weir::store
