#pragma once
// The frames of a segment in order, in windows of bounded size; and what is inside of a batch.
#include <functional>
#include <memory>

#include "cli/offline/source.h"
#include "core/log/scan.h"
#include "core/record/batch_header.h"
#include "core/record/record_reader.h"

namespace weir::offline {

// The scan of core/log over `from`; `start.end` is within it. `each` gives false to stop early:
// then nothing is returned.
using frame_visit = std::function<bool(const log::scanned_frame&)>;
std::optional<log::scan_result> walk_frames(const byte_source& from, const log::scan_start& start,
                                            const frame_visit& each);

// A batch of more packed bytes than this is not unpacked, and of no batch more than the second
// number comes out: what bounds the memory of a check.
inline constexpr std::uint32_t packed_max = 128 << 20;
inline constexpr std::size_t unpacked_max = 256 << 20;

// Reads the records of the batch whose frame is at `at`, front to back. Nothing: too large, see
// above. The body's checksum has been looked at before.
std::optional<record::record_reader> open_batch(const source_ptr& from, position at,
                                                const log::frame_head& head,
                                                const record::batch_header& batch);

struct batch_contents {
  std::int32_t records = 0;
  bool gaps = false;      // offsets of the batch that no record has: compaction leaves such
  bool skipped = false;   // too large to be looked into
  std::string complaint;  // what is wrong; empty: nothing
};
// Every record's structure, its offsets within the batch's, as many as the header says.
batch_contents check_batch(const source_ptr& from, position at, const log::frame_head& head,
                           const record::batch_header& batch);

}  // namespace weir::offline
