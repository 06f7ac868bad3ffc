#pragma once
// What compaction does to one batch (Apache Kafka's log cleaner, KIP-534): which records stay, and
// the batch around them. Works in steps, so that a caller on a reactor can yield between them, and
// streams: memory is that of the packed result and of one record.
//
// Invariants: offsets, the batch's range, its producer fields and its codec stay; the CRC and the
// largest time are those of what is left. What this pass has not looked at (at or above `end`)
// stays whatever its key.
#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "core/record/batch_builder.h"
#include "core/record/batch_header.h"
#include "core/record/record_reader.h"

namespace weir::record {

inline constexpr std::size_t codecs = 5;

struct filter_rules {
  // Whether nothing newer than `at` is known of the key.
  std::function<bool(std::string_view key, weir::offset at)> newest;
  weir::offset end;                  // records from here on were not looked at
  timestamp now{};                   // broker's clock
  std::int64_t tombstone_ms = 0;     // delete.retention.ms: how long a tombstone stays from now on
  bool keep_header = false;          // emptied, it stays as a header alone
  bool aborted = false;              // of an aborted transaction: none of its records is anybody's
  bool marker_alone = false;         // of a control batch: nothing of its transaction is left
  bool keep_tombstones = false;      // and markers, whatever their age
  std::array<int, codecs> levels{};  // by codec, for batches that are packed again
  std::size_t unpacked_max = 0;
};

enum class batch_fate : std::uint8_t {
  same,       // stays as it is, shared
  rewritten,  // some records are gone, or the delete horizon is new
  emptied,    // a header without records
  dropped,
};

struct filtered_batch {
  batch_fate fate = batch_fate::same;
  fragments batch;              // nothing where dropped
  std::int32_t kept = 0;        // records
  std::int32_t tombstones = 0;  // of them
  bool forgot = false;          // a tombstone went that nothing newer replaces, or a marker
};

class batch_filter {
 public:
  // `batch` is one whole batch with this header. A control batch stays as it is while something of
  // its transaction does; then it goes as tombstones do. A batch without records that is to stay is
  // the same afterwards. `rules` lives as long as this.
  batch_filter(const batch_header& header, fragments batch, const filter_rules& rules);

  // Some of the work; true when all is done. Errors: what record_reader finds wrong, and bad_record
  // for offsets that do not ascend within the batch's range. Not called again after either.
  std::expected<bool, record_error> step();
  // Once step() gave true.
  [[nodiscard]] filtered_batch take();

 private:
  enum class phase : std::uint8_t { judge, copy, done };

  std::expected<bool, record_error> next();
  void judge_marker();
  void judge_one();
  void judged();
  void begin_copy();
  [[nodiscard]] bool stays(const record& r) const;
  // By now its horizon has passed.
  [[nodiscard]] bool expired() const {
    return !rules_.keep_tombstones && header_.has_delete_horizon() &&
           rules_.now >= header_.base_timestamp;
  }
  [[nodiscard]] static bool tombstone(const record& r) { return !r.value; }

  batch_header header_;
  fragments batch_;
  const filter_rules& rules_;
  std::unique_ptr<record_reader> reader_;
  std::unique_ptr<batch_builder> builder_;
  record record_;
  std::int64_t last_delta_ = -1;
  phase phase_ = phase::judge;
  std::int32_t gone_ = 0;
  std::int32_t copied_ = 0;
  bool new_tombstone_ = false;  // one that stays and has no horizon yet
  filtered_batch out_;
};

}  // namespace weir::record
