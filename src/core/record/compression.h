#pragma once
// The codecs of record batches, in both directions, in pieces of at most 64 KiB. Pulling one piece
// is a bounded amount of work (but for raw snappy, which is one block), so a caller on a reactor
// can yield between pieces.
#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>

#include "core/base/fragments.h"
#include "core/record/batch_header.h"
#include "core/record/record_error.h"

namespace weir::record {

inline constexpr std::size_t piece_size_max = 64 * 1024;

// Bytes that arrive piece by piece.
class piece_source {
 public:
  piece_source() = default;
  piece_source(const piece_source&) = delete;
  piece_source& operator=(const piece_source&) = delete;
  virtual ~piece_source() = default;
  // The next piece; an empty one is the end. Not called again after an error or the end.
  virtual std::expected<bytes, record_error> next() = 0;
};

// The pieces of `from` as they are, however large.
std::unique_ptr<piece_source> make_piece_source(fragments from);

// Unpacks `packed`. More than `size_max` bytes of output give too_large_unpacked before memory is
// taken for them; the decoder's own memory stays below size_max plus a fixed amount (a zstd window
// larger than the bound is refused the same way; lz4 takes up to 8 MiB for its largest blocks).
// Reads snappy in Java's framing and raw, several gzip members and several zstd frames.
std::unique_ptr<piece_source> make_decompressor(codec, fragments packed, std::size_t size_max);

class compressor {
 public:
  compressor() = default;
  compressor(const compressor&) = delete;
  compressor& operator=(const compressor&) = delete;
  virtual ~compressor() = default;
  virtual void add(std::string_view more) = 0;
  // The packed bytes so far and the end mark. Called once, last.
  virtual fragments finish() = 0;
};

// Kafka's ranges (compression.gzip.level, compression.lz4.level, compression.zstd.level; KIP-390).
// Codecs without levels have {0, 0, 0}.
struct level_range {
  int least;
  int most;
  int standard;
};
level_range levels_of(codec);

// Writes snappy in Java's framing, lz4 frames of independent 64 KiB blocks without checksums: what
// every client reads. A level outside the codec's range is clamped.
std::unique_ptr<compressor> make_compressor(codec, int level);

// All at once.
std::expected<fragments, record_error> decompress(codec, const fragments& packed,
                                                  std::size_t size_max);
fragments compress(codec, int level, const fragments& plain);

}  // namespace weir::record
