#pragma once
// Timestamps in a batch, for ListOffsets.
#include <expected>
#include <optional>

#include "core/record/batch_header.h"

namespace weir::record {

struct timed_offset {
  weir::offset offset;
  timestamp time;
  friend bool operator==(const timed_offset&, const timed_offset&) = default;
};

// The first record at or after offset `from` whose time is at least `time`; nothing if there is
// none. Unpacks at most `unpacked_max` bytes. `batch` is one whole batch.
std::expected<std::optional<timed_offset>, record_error> first_at_or_after(
    const batch_header& header, const fragments& batch, timestamp time, weir::offset from,
    std::size_t unpacked_max);

// The first record with the batch's largest time. Where the batch has append times all records have
// the same, so it is the first record (Kafka's ListOffsets answers so, too).
std::expected<timed_offset, record_error> latest_time(const batch_header& header,
                                                      const fragments& batch,
                                                      std::size_t unpacked_max);

}  // namespace weir::record
